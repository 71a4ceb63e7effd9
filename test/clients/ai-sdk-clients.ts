/** The Vercel AI SDK's providers that speak an API of ours, as the tests open them. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { generateText, LanguageModel } from "ai";
import { CALLER_KEY, type FakeDialectId } from "./facts.ts";
import { type ClientStage, fetchOver, type Transport } from "./stage.ts";

type Settings = Parameters<typeof generateText>[0];
export type ProviderOptions = NonNullable<Settings["providerOptions"]>;

export type Client = {
  readonly name: string;
  readonly own: FakeDialectId;
  open(stage: ClientStage, transport: Transport): (model: string) => LanguageModel;
  /** How reasoning is asked for. */
  readonly reasoning: ProviderOptions;
  /** How JSON is asked for by the API's own field; left out where the client does so by itself. */
  readonly json?: ProviderOptions;
  /** Whether it shows reasoning at all. */
  readonly showsReasoning: boolean;
  /** Whether what it sends back on the next turn can hold a provider's reasoning. */
  keepsReasoningOf(dialect: FakeDialectId): boolean;
};

/** Their reasoning comes back as plain text; the others compare a signature. */
const UNSIGNED: readonly FakeDialectId[] = ["openai-chat", "cohere", "ollama"];

export const CLIENTS: readonly Client[] = [
  {
    name: "@ai-sdk/openai (chat)",
    own: "openai-chat",
    open: (stage, transport) => {
      const openai = createOpenAI(settingsOf(stage, transport, "/v1"));
      return (model) => openai.chat(model);
    },
    reasoning: { openai: { forceReasoning: true, reasoningEffort: "low" } },
    // OpenAI's own API does not show it there, so the client does not look for it.
    showsReasoning: false,
    keepsReasoningOf: () => false,
  },
  {
    name: "@ai-sdk/openai (responses, stateless)",
    own: "openai-responses",
    open: (stage, transport) => {
      const openai = createOpenAI(settingsOf(stage, transport, "/v1"));
      return (model) => openai.responses(model);
    },
    reasoning: { openai: { forceReasoning: true, reasoningEffort: "low", reasoningSummary: "auto", store: false } },
    showsReasoning: true,
    keepsReasoningOf: () => true,
  },
  {
    name: "@ai-sdk/openai (responses)",
    own: "openai-responses",
    open: (stage, transport) => {
      const openai = createOpenAI(settingsOf(stage, transport, "/v1"));
      return (model) => openai(model);
    },
    reasoning: { openai: { forceReasoning: true, reasoningEffort: "low", reasoningSummary: "auto" } },
    showsReasoning: true,
    keepsReasoningOf: () => true,
  },
  {
    name: "@ai-sdk/anthropic",
    own: "anthropic-messages",
    open: (stage, transport) => createAnthropic(settingsOf(stage, transport, "/v1")),
    reasoning: { anthropic: { thinking: { type: "enabled", budgetTokens: 1_024 } } },
    // As for the models it knows; for others it would use a tool.
    json: { anthropic: { structuredOutputMode: "outputFormat" } },
    showsReasoning: true,
    keepsReasoningOf: () => true,
  },
  {
    name: "@ai-sdk/google",
    own: "gemini",
    open: (stage, transport) => {
      const google = createGoogleGenerativeAI(settingsOf(stage, transport, "/v1beta"));
      // A name with a slash is taken for the whole path.
      return (model) => google(`models/${model}`);
    },
    reasoning: { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 } } },
    showsReasoning: true,
    keepsReasoningOf: () => true,
  },
  {
    name: "@ai-sdk/openai-compatible",
    own: "openai-chat",
    open: (stage, transport) =>
      createOpenAICompatible({
        ...settingsOf(stage, transport, "/v1"),
        name: "llmux",
        includeUsage: true,
        supportsStructuredOutputs: true,
      }),
    reasoning: { llmux: { reasoningEffort: "low" } },
    showsReasoning: true,
    // It knows reasoning as text alone, without a place for a signature.
    keepsReasoningOf: (dialect) => UNSIGNED.includes(dialect),
  },
];

function settingsOf(stage: ClientStage, transport: Transport, path: string) {
  return { baseURL: stage.baseUrl(transport, path), apiKey: CALLER_KEY, fetch: fetchOver(stage, transport) };
}
