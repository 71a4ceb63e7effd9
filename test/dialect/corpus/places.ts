/** What an answer of each dialect has a place for. What has none is listed as lost by the target's API, not as our miss. */
import type { DialectId, FinishKind } from "../../../src/dialect/neutral.ts";
import type { Usage } from "../../../src/exchange.ts";

export type Places = {
  /** Several answers to one request. */
  readonly choices: boolean;
  /** A refusal told apart from text. */
  readonly refusal: boolean;
  /** Calls of tools that take plain text instead of JSON. */
  readonly customCalls: boolean;
  /** Whether a call's arguments stand as text, so that broken JSON and JSON that is no object survive. */
  readonly argumentsAsText: boolean;
  readonly finish: ReadonlySet<FinishKind>;
  readonly usage: ReadonlySet<keyof Usage>;
};

const BOTH: readonly (keyof Usage)[] = ["inputTokens", "outputTokens"];

export const PLACES: Readonly<Record<DialectId, Places>> = {
  "openai-chat": {
    choices: true,
    refusal: true,
    customCalls: true,
    argumentsAsText: true,
    finish: new Set(["stop", "length", "tool-calls", "content-filter"]),
    usage: new Set([
      ...BOTH,
      "cachedTokens",
      "cacheWriteTokens",
      "reasoningTokens",
      "audioInputTokens",
      "audioOutputTokens",
      "acceptedPredictionTokens",
      "rejectedPredictionTokens",
    ]),
  },
  "openai-responses": {
    choices: false,
    refusal: true,
    customCalls: true,
    argumentsAsText: true,
    finish: new Set(["stop", "length", "tool-calls", "content-filter", "error"]),
    usage: new Set([...BOTH, "cachedTokens", "cacheWriteTokens", "reasoningTokens"]),
  },
  "anthropic-messages": {
    choices: false,
    refusal: false,
    customCalls: false,
    argumentsAsText: false,
    finish: new Set(["stop", "stop-sequence", "length", "context-window", "tool-calls", "refusal", "pause"]),
    usage: new Set([
      ...BOTH,
      "cachedTokens",
      "cacheWriteTokens",
      "cacheWrite1hTokens",
      "reasoningTokens",
      "webSearches",
    ]),
  },
  gemini: {
    choices: true,
    refusal: false,
    customCalls: false,
    argumentsAsText: false,
    finish: new Set(["stop", "length", "tool-calls", "content-filter", "other"]),
    usage: new Set([
      ...BOTH,
      "cachedTokens",
      "reasoningTokens",
      "audioInputTokens",
      "audioOutputTokens",
      "toolInputTokens",
    ]),
  },
  "bedrock-converse": {
    choices: false,
    refusal: false,
    customCalls: false,
    argumentsAsText: false,
    finish: new Set(["stop", "stop-sequence", "length", "context-window", "tool-calls", "content-filter"]),
    usage: new Set([...BOTH, "cachedTokens", "cacheWriteTokens", "cacheWrite1hTokens"]),
  },
  cohere: {
    choices: false,
    refusal: false,
    customCalls: false,
    argumentsAsText: true,
    finish: new Set(["stop", "stop-sequence", "length", "tool-calls", "error"]),
    usage: new Set([...BOTH, "cachedTokens", "reasoningTokens"]),
  },
  ollama: {
    choices: false,
    refusal: false,
    customCalls: false,
    argumentsAsText: false,
    finish: new Set(["stop", "length", "tool-calls"]),
    usage: new Set(BOTH),
  },
};

/** What a finish may become where the target has no word of its own for it; the first that it has is the best. */
export const NEAREST_FINISH: Readonly<Record<FinishKind, readonly FinishKind[]>> = {
  stop: ["stop"],
  "stop-sequence": ["stop"],
  length: ["length"],
  "context-window": ["length"],
  "tool-calls": ["tool-calls"],
  "content-filter": ["refusal", "error", "other", "content-filter"],
  refusal: ["content-filter", "other", "error", "stop"],
  pause: ["stop", "other"],
  error: ["other", "error", "content-filter", "stop"],
  other: ["stop", "other", "error", "tool-calls"],
};
