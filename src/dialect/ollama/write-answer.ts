import type { JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer, Part, ToolCallPart } from "../neutral.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { GENERATE } from "./names.ts";
import { joinTexts, writeArguments, writeImages } from "./parts.ts";
import { writeUsage } from "./usage.ts";

/** An answer of `/api/chat`, or of `/api/generate` where that was asked: https://docs.ollama.com/api/chat. Of several choices it can hold the first. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "ollama";
  const choice = answer.choices[0];
  const finish = choice?.finish ?? null;
  const parts = choice?.parts ?? [];
  const logprobs = choice?.logprobs ?? null;
  return {
    created_at: writeTime(answer.createdAt ?? context.createdAt),
    ...(isOwn ? answer.extra : null),
    model: answer.model ?? context.model,
    ...(context.endpoint.name === GENERATE
      ? writeGenerated(parts)
      : { message: { ...(isOwn ? choice?.extra : null), ...writeMessage(parts) } }),
    done: true,
    done_reason: finish === null ? "stop" : writeFinish(finish),
    ...(logprobs === null ? null : { logprobs: writeLogprobs(logprobs) }),
    ...(answer.usage === null ? null : writeUsage(answer.usage)),
  };
}

function writeMessage(parts: readonly Part[]): JsonObject {
  const thinking = joinReasoning(parts);
  const images = writeImages(parts);
  const calls = parts.filter((part): part is ToolCallPart => part.kind === "tool-call");
  return {
    role: "assistant",
    content: joinTexts(parts, ""),
    ...(thinking === "" ? {} : { thinking }),
    ...(images.length === 0 ? {} : { images }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeToolCall) }),
  };
}

function writeGenerated(parts: readonly Part[]): JsonObject {
  const thinking = joinReasoning(parts);
  return { response: joinTexts(parts, ""), ...(thinking === "" ? {} : { thinking }) };
}

function joinReasoning(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.kind === "reasoning" && part.text !== "" ? [part.text] : [])).join("\n\n");
}

export function writeToolCall({ id, name, arguments: text }: Omit<ToolCallPart, "kind">, index: number): JsonObject {
  return { id, function: { index, name, arguments: writeArguments(text) } };
}

/** Seconds since 1970 in RFC 3339. */
export function writeTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
