/** Who speaks which API in front of a proxy and behind it, and the requests that callers send. */
import { spellScenario } from "./payloads.ts";
import type { Scenario } from "./payloads.ts";

/** OpenAI's chat completions and responses, Anthropic's messages. */
export type CallerApi = "chat" | "messages" | "responses";
/** What the mock speaks. */
export type ProviderApi = "chat" | "messages";

/** One way through a proxy: where both sides speak the same API it passes bytes, else it translates. */
export type Call = { readonly api: CallerApi; readonly provider: ProviderApi };

export const CHAT: Call = { api: "chat", provider: "chat" };

/** The name under which a gateway's config has the mock, speaking one API or the other. */
export const MODEL_NAMES: Readonly<Record<ProviderApi, string>> = { chat: "bench", messages: "bench-messages" };

export function isPassed({ api, provider }: Call): boolean {
  return api === provider;
}

/** "chat → messages", or "chat passed". */
export function describeCall(call: Call): string {
  return isPassed(call) ? `${call.api} passed` : `${call.api} → ${call.provider}`;
}

const SYSTEM = "You answer in one short paragraph, in plain words, without lists or headings.";
const QUESTION = "Tell me what a proxy costs. ".repeat(18).trim();
const TEMPERATURE = 0.7;

/** A request as an SDK sends it: about 700 bytes of body, the caller does not ask for usage. */
export function renderRequest(
  call: Call,
  scenario: Scenario,
  headers: readonly (readonly [name: string, value: string])[],
): Buffer {
  const { path, own, body } = describeRequest(call, scenario);
  const text = JSON.stringify({ model: MODEL_NAMES[call.provider], ...body });
  const lines = [
    `POST ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...own,
    "content-type: application/json",
    "accept: application/json",
    "user-agent: llmux-bench/1",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

function describeRequest(
  { api }: Call,
  scenario: Scenario,
): { readonly path: string; readonly own: readonly string[]; readonly body: object } {
  const stream = scenario.kind === "plain" ? {} : { stream: true };
  // What the mock shall do: the one field that all of these APIs have and gateways carry from each to each.
  const user = spellScenario(scenario);
  switch (api) {
    case "chat":
      return {
        path: "/v1/chat/completions",
        own: ["authorization: Bearer bench-caller"],
        body: {
          messages: [
            { role: "system", content: SYSTEM },
            { role: "user", content: QUESTION },
          ],
          temperature: TEMPERATURE,
          ...stream,
          user,
        },
      };
    case "messages":
      return {
        path: "/v1/messages",
        own: ["x-api-key: bench-caller", "anthropic-version: 2023-06-01"],
        body: {
          max_tokens: 4096,
          system: SYSTEM,
          messages: [{ role: "user", content: QUESTION }],
          temperature: TEMPERATURE,
          ...stream,
          metadata: { user_id: user },
        },
      };
    case "responses":
      return {
        path: "/v1/responses",
        own: ["authorization: Bearer bench-caller"],
        // Not stored: what a gateway keeps of answers on its callers' behalf is another figure.
        body: { instructions: SYSTEM, input: QUESTION, temperature: TEMPERATURE, store: false, ...stream, user },
      };
    default:
      return api satisfies never;
  }
}
