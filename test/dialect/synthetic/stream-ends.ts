/** How a hand-written stream of each API begins and ends. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

export const CHAT = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_750_000_000, model: "m" };
const RESPONSE = { id: "resp_1", object: "response", created_at: 1_750_000_000, model: "m" };

export function openingOf(dialect: DialectId): JsonObject[] {
  switch (dialect) {
    case "openai-chat":
      return [{ ...CHAT, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] }];
    case "openai-responses":
      return [
        { type: "response.created", sequence_number: 0, response: { ...RESPONSE, status: "in_progress", output: [] } },
      ];
    case "anthropic-messages":
      return [
        {
          type: "message_start",
          message: {
            id: "msg_1",
            type: "message",
            role: "assistant",
            model: "m",
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { input_tokens: 7, output_tokens: 1 },
          },
        },
      ];
    case "bedrock-converse":
      return [{ messageStart: { role: "assistant" } }];
    case "cohere":
      return [
        {
          type: "message-start",
          id: "1",
          delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
        },
      ];
    case "gemini":
    case "ollama":
      return [];
    default:
      return dialect satisfies never;
  }
}

export function endOf(dialect: DialectId, hasCalls: boolean): JsonObject[] {
  switch (dialect) {
    case "openai-chat":
      return [
        { ...CHAT, choices: [{ index: 0, delta: {}, finish_reason: hasCalls ? "tool_calls" : "stop" }] },
        { ...CHAT, choices: [], usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } },
      ];
    case "openai-responses":
      return [
        {
          type: "response.completed",
          response: {
            ...RESPONSE,
            status: "completed",
            output: [],
            usage: { input_tokens: 7, output_tokens: 5, total_tokens: 12 },
          },
        },
      ];
    case "anthropic-messages":
      return [
        {
          type: "message_delta",
          delta: { stop_reason: hasCalls ? "tool_use" : "end_turn", stop_sequence: null },
          usage: { output_tokens: 5 },
        },
        { type: "message_stop" },
      ];
    case "gemini":
      return [
        {
          candidates: [{ index: 0, content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP" }],
          usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 5, totalTokenCount: 12 },
          responseId: "1",
          modelVersion: "m",
        },
      ];
    case "bedrock-converse":
      return [
        { messageStop: { stopReason: hasCalls ? "tool_use" : "end_turn" } },
        { metadata: { usage: { inputTokens: 7, outputTokens: 5, totalTokens: 12 }, metrics: { latencyMs: 3 } } },
      ];
    case "cohere":
      return [
        {
          type: "message-end",
          delta: {
            finish_reason: hasCalls ? "TOOL_CALL" : "COMPLETE",
            usage: { tokens: { input_tokens: 7, output_tokens: 5 } },
          },
        },
      ];
    case "ollama":
      return [
        {
          model: "m",
          created_at: "2025-06-15T15:06:41Z",
          message: { role: "assistant", content: "" },
          done: true,
          done_reason: "stop",
          prompt_eval_count: 7,
          eval_count: 5,
        },
      ];
    default:
      return dialect satisfies never;
  }
}
