/**
 * The bytes of the bench, shared by the mock and the load generator so that each answer can be checked to the byte.
 * What the mock shall do travels in the request's `user` field, which gateways pass on: `plain`,
 * `stream-<chunks>-<gapMs>`, `flood-<bytes>`, `hang-<id>`, `drip-<id>`.
 */

/** Length of one SSE event of the streams, the size of a real one-token chat chunk. */
export const EVENT_BYTES = 200;

/** Bytes of events in one HTTP chunk of the fast provider. */
const FLOOD_EVENTS_PER_FRAME = 80;

export type Scenario =
  | { readonly kind: "plain" }
  | { readonly kind: "stream"; readonly chunks: number; readonly gapMs: number }
  | { readonly kind: "flood"; readonly bytes: number }
  | { readonly kind: "hang"; readonly id: string }
  | { readonly kind: "drip"; readonly id: string };

export function spellScenario(scenario: Scenario): string {
  switch (scenario.kind) {
    case "plain":
      return "plain";
    case "stream":
      return `stream-${scenario.chunks}-${scenario.gapMs}`;
    case "flood":
      return `flood-${scenario.bytes}`;
    case "hang":
    case "drip":
      return `${scenario.kind}-${scenario.id}`;
  }
  scenario satisfies never;
}

export function readScenario(text: string): Scenario {
  const [kind, first = "", second = ""] = text.split("-");
  switch (kind) {
    case "plain":
      return { kind };
    case "stream":
      return { kind, chunks: Number(first), gapMs: Number(second) };
    case "flood":
      return { kind, bytes: Number(first) };
    case "hang":
    case "drip":
      return { kind, id: first };
  }
  throw new Error(`scenario should be plain, stream, flood, hang or drip, got ${JSON.stringify(text)}`);
}

// ---- answers -------------------------------------------------------------------------------------------------------

function renderEvent(delta: string, finishReason: string): string {
  return `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{${delta}},"finish_reason":${finishReason}}]}\n\n`;
}

function renderContentEvent(): Buffer {
  const empty = renderEvent(`"content":""`, "null").length;
  return Buffer.from(renderEvent(`"content":"${"a".repeat(EVENT_BYTES - empty)}"`, "null"));
}

export const CONTENT_EVENT: Buffer = renderContentEvent();
export const FINISH_EVENT: Buffer = Buffer.from(renderEvent("", `"stop"`));
export const USAGE_EVENT: Buffer = Buffer.from(
  `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[],"usage":{"prompt_tokens":120,"completion_tokens":200,"total_tokens":320}}\n\n`,
);
export const DONE_EVENT: Buffer = Buffer.from("data: [DONE]\n\n");
const STREAM_END = Buffer.concat([FINISH_EVENT, USAGE_EVENT, DONE_EVENT]);

export const PLAIN_BODY: Buffer = Buffer.from(
  JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "bench",
    choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(160).trim() }, finish_reason: "stop" }],
    usage: { prompt_tokens: 120, completion_tokens: 160, total_tokens: 280 },
  }),
);

export const PLAIN_ANSWER: Buffer = Buffer.concat([
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nopenai-processing-ms: 12\r\ncontent-length: ${PLAIN_BODY.length}\r\n\r\n`,
  ),
  PLAIN_BODY,
]);

export const STREAM_HEAD: Buffer = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n",
);

/** One HTTP chunk around bytes. */
export function frameChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const CONTENT_FRAME: Buffer = frameChunk(CONTENT_EVENT);
/** Finish, usage and [DONE], each in a chunk of its own, and the end of the body. */
export const END_FRAMES: Buffer = Buffer.concat([
  frameChunk(FINISH_EVENT),
  frameChunk(USAGE_EVENT),
  frameChunk(DONE_EVENT),
  Buffer.from("0\r\n\r\n"),
]);

const FLOOD_PAYLOAD = Buffer.concat(Array.from({ length: FLOOD_EVENTS_PER_FRAME }, () => CONTENT_EVENT));
export const FLOOD_FRAME: Buffer = frameChunk(FLOOD_PAYLOAD);

export function countFloodFrames(bytes: number): number {
  return Math.ceil(bytes / FLOOD_PAYLOAD.length);
}

/** How long a stream's decoded body is; where a gateway withholds the usage event it asked for itself, without it. */
export function measureStreamBody(scenario: Scenario, withholdsUsage: boolean): number {
  const end = STREAM_END.length - (withholdsUsage ? USAGE_EVENT.length : 0);
  switch (scenario.kind) {
    case "stream":
      return scenario.chunks * EVENT_BYTES + end;
    case "flood":
      return countFloodFrames(scenario.bytes) * FLOOD_PAYLOAD.length + end;
    case "plain":
    case "hang":
    case "drip":
      throw new Error(`${scenario.kind} has no stream that ends`);
  }
  scenario satisfies never;
}

// ---- requests ------------------------------------------------------------------------------------------------------

/** A chat request as an SDK sends it: about 700 bytes of body, the caller does not ask for usage. */
export function renderRequest(
  scenario: Scenario,
  headers: readonly (readonly [name: string, value: string])[],
): Buffer {
  const body = JSON.stringify({
    model: "bench",
    messages: [
      { role: "system", content: "You answer in one short paragraph, in plain words, without lists or headings." },
      { role: "user", content: "Tell me what a proxy costs. ".repeat(18).trim() },
    ],
    temperature: 0.7,
    ...(scenario.kind === "plain" ? {} : { stream: true }),
    user: spellScenario(scenario),
  });
  const lines = [
    "POST /v1/chat/completions HTTP/1.1",
    "host: 127.0.0.1",
    "authorization: Bearer bench-caller",
    "content-type: application/json",
    "accept: application/json",
    "user-agent: llmux-bench/1",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
