/** Hand-written streams, one of each API, that nobody recorded: short, in the shape its documentation gives. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { encodeEvents } from "../corpus/encode-events.ts";
import { writeEventStreamFrame } from "../corpus/oracle/frames.ts";
import { CHAT, endOf, openingOf } from "./stream-ends.ts";

export type Call = { readonly id: string; readonly name: string; readonly arguments: string };

/** An answer's text and calls, in deltas of a few characters, with everything that ends it properly. */
export function streamOf(dialect: DialectId, text: string, calls: readonly Call[]): Buffer {
  return encodeEvents(
    [
      ...openingOf(dialect),
      ...textOf(dialect, text),
      ...calls.flatMap((call, index) => callOf(dialect, call, index, text === "" ? 0 : 1)),
      ...endOf(dialect, calls.length > 0),
    ],
    dialect,
  );
}

/** A stream that begins well and breaks with an error of the provider's. */
export function brokenStreamOf(dialect: DialectId, text: string, message: string): Buffer {
  const begun = encodeEvents([...openingOf(dialect), ...textOf(dialect, text, true)], dialect);
  // The end mark belongs to whole streams only.
  const whole = begun.toString("latin1").replace("data: [DONE]\n\n", "");
  return Buffer.concat([Buffer.from(whole, "latin1"), errorFrameOf(dialect, message)]);
}

/** Overloaded, in mid-stream. */
function errorFrameOf(dialect: DialectId, message: string): Buffer {
  switch (dialect) {
    case "openai-chat":
      // https://openrouter.ai/docs/api-reference/errors: "mid-stream errors" carry a numeric code; OpenAI's own a word.
      return Buffer.from(`data: ${JSON.stringify({ error: { code: 503, type: "overloaded_error", message } })}\n\n`);
    case "openai-responses":
      return encodeEvents(
        [{ type: "error", code: "server_is_overloaded", message, param: null, sequence_number: 9 }],
        dialect,
      );
    case "anthropic-messages":
      return encodeEvents([{ type: "error", error: { type: "overloaded_error", message } }], dialect);
    case "gemini":
      return encodeEvents([{ error: { code: 503, message, status: "UNAVAILABLE" } }], dialect);
    case "bedrock-converse":
      return writeEventStreamFrame(
        {
          ":exception-type": "serviceUnavailableException",
          ":content-type": "application/json",
          ":message-type": "exception",
        },
        JSON.stringify({ message }),
      );
    case "cohere":
      return encodeEvents([{ type: "message-end", delta: { finish_reason: "ERROR", error: message } }], dialect);
    case "ollama":
      return encodeEvents([{ error: message }], dialect);
    default:
      return dialect satisfies never;
  }
}

function piecesOf(text: string, size: number): string[] {
  const characters = [...text];
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, index) =>
    characters.slice(index * size, (index + 1) * size).join(""),
  );
}

/** `isOpen`: the part does not end. */
function textOf(dialect: DialectId, text: string, isOpen = false): JsonObject[] {
  if (text === "") return [];
  const pieces = piecesOf(text, 3);
  switch (dialect) {
    case "openai-chat":
      return pieces.map((content) => ({ ...CHAT, choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
    case "openai-responses": {
      const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
      const item = { id: "msg_1", type: "message", role: "assistant" };
      const part = { type: "output_text", annotations: [] };
      const begun: JsonObject[] = [
        { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
        { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
        ...pieces.map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
      ];
      if (isOpen) return begun;
      return [
        ...begun,
        { type: "response.output_text.done", ...at, text },
        { type: "response.content_part.done", ...at, part: { ...part, text } },
        {
          type: "response.output_item.done",
          output_index: 0,
          item: { ...item, status: "completed", content: [{ ...part, text }] },
        },
      ];
    }
    case "anthropic-messages":
      return [
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
        ...pieces.map((piece) => ({
          type: "content_block_delta",
          index: 0,
          delta: { type: "text_delta", text: piece },
        })),
        ...(isOpen ? [] : [{ type: "content_block_stop", index: 0 }]),
      ];
    case "gemini":
      return pieces.map((piece) => ({
        candidates: [{ index: 0, content: { role: "model", parts: [{ text: piece }] } }],
        responseId: "1",
        modelVersion: "m",
      }));
    case "bedrock-converse":
      return [
        ...pieces.map((piece) => ({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: piece } } })),
        ...(isOpen ? [] : [{ contentBlockStop: { contentBlockIndex: 0 } }]),
      ];
    case "cohere":
      return [
        { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
        ...pieces.map((piece) => ({
          type: "content-delta",
          index: 0,
          delta: { message: { content: { text: piece } } },
        })),
        ...(isOpen ? [] : [{ type: "content-end", index: 0 }]),
      ];
    case "ollama":
      return pieces.map((content) => ({
        model: "m",
        created_at: "2025-06-15T15:06:40Z",
        message: { role: "assistant", content },
        done: false,
      }));
    default:
      return dialect satisfies never;
  }
}

/** `index` counts calls, `before` the parts that came first. */
function callOf(dialect: DialectId, call: Call, index: number, before: number): JsonObject[] {
  const pieces = piecesOf(call.arguments, 5);
  const at = index + before;
  switch (dialect) {
    case "openai-chat": {
      const chunk = (tool: JsonObject): JsonObject => ({
        ...CHAT,
        choices: [{ index: 0, delta: { tool_calls: [tool] }, finish_reason: null }],
      });
      return [
        chunk({ index, id: call.id, type: "function", function: { name: call.name, arguments: "" } }),
        ...pieces.map((piece) => chunk({ index, function: { arguments: piece } })),
      ];
    }
    case "openai-responses": {
      const item = { id: `fc_${index}`, type: "function_call", call_id: call.id, name: call.name };
      return [
        {
          type: "response.output_item.added",
          output_index: at,
          item: { ...item, status: "in_progress", arguments: "" },
        },
        ...pieces.map((delta) => ({
          type: "response.function_call_arguments.delta",
          item_id: item.id,
          output_index: at,
          delta,
        })),
        {
          type: "response.function_call_arguments.done",
          item_id: item.id,
          output_index: at,
          arguments: call.arguments,
        },
        {
          type: "response.output_item.done",
          output_index: at,
          item: { ...item, status: "completed", arguments: call.arguments },
        },
      ];
    }
    case "anthropic-messages":
      return [
        {
          type: "content_block_start",
          index: at,
          content_block: { type: "tool_use", id: call.id, name: call.name, input: {} },
        },
        ...pieces.map((piece) => ({
          type: "content_block_delta",
          index: at,
          delta: { type: "input_json_delta", partial_json: piece },
        })),
        { type: "content_block_stop", index: at },
      ];
    case "gemini": {
      const args = JSON.parse(call.arguments) as JsonObject;
      return [
        {
          candidates: [{ index: 0, content: { role: "model", parts: [{ functionCall: { name: call.name, args } }] } }],
          responseId: "1",
          modelVersion: "m",
        },
      ];
    }
    case "bedrock-converse":
      return [
        { contentBlockStart: { contentBlockIndex: at, start: { toolUse: { toolUseId: call.id, name: call.name } } } },
        ...pieces.map((input) => ({ contentBlockDelta: { contentBlockIndex: at, delta: { toolUse: { input } } } })),
        { contentBlockStop: { contentBlockIndex: at } },
      ];
    case "cohere":
      return [
        {
          type: "tool-call-start",
          index,
          delta: {
            message: { tool_calls: { id: call.id, type: "function", function: { name: call.name, arguments: "" } } },
          },
        },
        ...pieces.map((piece) => ({
          type: "tool-call-delta",
          index,
          delta: { message: { tool_calls: { function: { arguments: piece } } } },
        })),
        { type: "tool-call-end", index },
      ];
    case "ollama": {
      const args = JSON.parse(call.arguments) as JsonObject;
      return [
        {
          model: "m",
          created_at: "2025-06-15T15:06:40Z",
          message: { role: "assistant", content: "", tool_calls: [{ function: { name: call.name, arguments: args } }] },
          done: false,
        },
      ];
    }
    default:
      return dialect satisfies never;
  }
}
