/**
 * The bytes of the bench, shared by the mock and the load generator so that each answer can be checked to the byte.
 * What the mock shall do travels in the request's `user` field (`metadata.user_id` of messages), which gateways pass on:
 * `plain`, `stream-<chunks>-<gapMs>`, `stamped-<chunks>-<gapMs>`, `flood-<bytes>`, `hang-<id>`, `drip-<id>`.
 */
import type { ProviderApi } from "./call.ts";

/** Length of one SSE event of the streams, the size of a real one-token chat chunk. */
export const EVENT_BYTES = 200;

/** Bytes of events in one HTTP chunk of the fast provider. */
const FLOOD_EVENTS_PER_FRAME = 80;

export type Scenario =
  | { readonly kind: "plain" }
  /** `isStamped`: each chunk's text says when it was sent. */
  | { readonly kind: "stream"; readonly chunks: number; readonly gapMs: number; readonly isStamped: boolean }
  | { readonly kind: "flood"; readonly bytes: number }
  | { readonly kind: "hang"; readonly id: string }
  | { readonly kind: "drip"; readonly id: string };

export function spellScenario(scenario: Scenario): string {
  switch (scenario.kind) {
    case "plain":
      return "plain";
    case "stream":
      return `${scenario.isStamped ? "stamped" : "stream"}-${scenario.chunks}-${scenario.gapMs}`;
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
    case "stamped":
      return { kind: "stream", chunks: Number(first), gapMs: Number(second), isStamped: kind === "stamped" };
    case "flood":
      return { kind, bytes: Number(first) };
    case "hang":
    case "drip":
      return { kind, id: first };
  }
  throw new Error(`scenario should be plain, stream, stamped, flood, hang or drip, got ${JSON.stringify(text)}`);
}

// ---- answers -------------------------------------------------------------------------------------------------------

function renderEvent(delta: string, finishReason: string): string {
  return `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{${delta}},"finish_reason":${finishReason}}]}\n\n`;
}

/** How many microseconds since 1970 a chunk was sent, in decimal: 16 digits until the year 2286. */
export const STAMP_DIGITS = 16;
/** Before the stamp, at the beginning of each chunk's text. */
export const STAMP_SIGN = "@";

/** The text of every chunk of a stream: a stamp of zeros, and filled up to an event of 200 bytes. */
function renderText(): string {
  const empty = renderEvent(`"content":""`, "null").length;
  return (STAMP_SIGN + "0".repeat(STAMP_DIGITS)).padEnd(EVENT_BYTES - empty, "a");
}

const TEXT = renderText();

export const CONTENT_EVENT: Buffer = Buffer.from(renderEvent(`"content":"${TEXT}"`, "null"));
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

// ---- the same of Anthropic's API: https://platform.claude.com/docs/en/build-with-claude/streaming ------------------------

function renderNamed(data: { readonly type: string; readonly [member: string]: unknown }): Buffer {
  return Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
}

const MESSAGES_START = [
  renderNamed({
    type: "message_start",
    message: {
      id: "msg_bench",
      type: "message",
      role: "assistant",
      model: "bench",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 120, output_tokens: 1 },
    },
  }),
  renderNamed({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
];
const MESSAGES_CONTENT = renderNamed({
  type: "content_block_delta",
  index: 0,
  delta: { type: "text_delta", text: TEXT },
});
const MESSAGES_END = [
  renderNamed({ type: "content_block_stop", index: 0 }),
  renderNamed({
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 200 },
  }),
  renderNamed({ type: "message_stop" }),
];

/** All but the texts. */
const MESSAGES_FRAME_BYTES = Buffer.concat([...MESSAGES_START, ...MESSAGES_END]).length;

/** What the mock sends of a stream: each event in a chunk of its own. */
export type StreamScript = {
  /** The head and what comes before the first text. */
  readonly start: Buffer;
  readonly content: Buffer;
  /** Where in `content` the stamp stands. */
  readonly stampAt: number;
  readonly end: Buffer;
};

function writeScript(start: readonly Buffer[], event: Buffer, end: readonly Buffer[]): StreamScript {
  const content = frameChunk(event);
  return {
    start: Buffer.concat([STREAM_HEAD, ...start.map(frameChunk)]),
    content,
    stampAt: content.indexOf(STAMP_SIGN) + STAMP_SIGN.length,
    end: Buffer.concat([...end.map(frameChunk), Buffer.from("0\r\n\r\n")]),
  };
}

export const SCRIPTS: Readonly<Record<ProviderApi, StreamScript>> = {
  chat: writeScript([], CONTENT_EVENT, [FINISH_EVENT, USAGE_EVENT, DONE_EVENT]),
  messages: writeScript(MESSAGES_START, MESSAGES_CONTENT, MESSAGES_END),
};

const FLOOD_PAYLOAD = Buffer.concat(Array.from({ length: FLOOD_EVENTS_PER_FRAME }, () => CONTENT_EVENT));
export const FLOOD_FRAME: Buffer = frameChunk(FLOOD_PAYLOAD);

export function countFloodFrames(bytes: number): number {
  return Math.ceil(bytes / FLOOD_PAYLOAD.length);
}

/**
 * How long a passed stream's decoded body is; where a gateway withholds the usage event it asked for itself, without it.
 * Only chat knows that: messages say usage unasked.
 */
export function measureStreamBody(scenario: Scenario, api: ProviderApi, withholdsUsage: boolean): number {
  switch (scenario.kind) {
    case "stream":
      if (api === "chat") return scenario.chunks * EVENT_BYTES + measureChatEnd(withholdsUsage);
      return scenario.chunks * MESSAGES_CONTENT.length + MESSAGES_FRAME_BYTES;
    case "flood":
      return countFloodFrames(scenario.bytes) * FLOOD_PAYLOAD.length + measureChatEnd(withholdsUsage);
    case "plain":
    case "hang":
    case "drip":
      throw new Error(`${scenario.kind} has no stream that ends`);
  }
  scenario satisfies never;
}

function measureChatEnd(withholdsUsage: boolean): number {
  return STREAM_END.length - (withholdsUsage ? USAGE_EVENT.length : 0);
}
