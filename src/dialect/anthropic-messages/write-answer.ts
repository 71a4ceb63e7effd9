import type { Json, JsonObject } from "../../lib/json.ts";
import { NO_USAGE } from "../../lib/usage.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer, Part } from "../neutral.ts";
import { carryForText, carryForToolUse } from "./carried-signature.ts";
import { writeFinish } from "./finish.ts";
import { OWN } from "./own.ts";
import { writeUsage } from "./usage.ts";
import { writeDocument, writeImage, writeNative, writeReasoning, writeText, writeToolUse } from "./write-part.ts";

/** Writes a whole answer. The API gives one choice; of several the first is written (more were refused in the request). */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === OWN;
  const [choice] = answer.choices;
  const finish = choice?.finish ?? null;
  const content = (choice?.parts ?? []).flatMap((part) => writeAnswerPart(part, isOwn));
  const usage = answer.usage ?? (isOwn ? null : { ...NO_USAGE, extra: null });
  const body: Record<string, Json> = {
    id: answer.id || `msg_${context.requestId}`,
    type: "message",
    role: "assistant",
    model: answer.model || context.model,
    content,
    stop_reason: finish === null ? null : writeFinish(finish, isOwn),
    stop_sequence: finish?.stopSequence ?? null,
  };
  if (usage !== null) body["usage"] = writeUsage(usage, answer.serviceTier, isOwn);
  return isOwn ? { ...body, ...answer.extra, ...choice?.extra } : body;
}

/** The blocks of one part: mostly one, none for what the API has no block for, two where another provider's signature rides along. */
export function writeAnswerPart(part: Part, isOwn: boolean): JsonObject[] {
  switch (part.kind) {
    case "text": {
      const carrier = part.signature === undefined ? null : carryForText(part.signature);
      const block = writeText(part, isOwn);
      // An empty block would be refused when the caller sends it back.
      if (part.text === "" && !isOwn) return carrier === null ? [] : [carrier];
      return carrier === null ? [block] : [block, carrier];
    }
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "reasoning":
      return [writeReasoning(part, isOwn)];
    case "tool-call": {
      const carrier = part.signature === undefined ? null : carryForToolUse(part.signature);
      const block = writeToolUse(part, part.id, isOwn);
      return carrier === null ? [block] : [carrier, block];
    }
    case "image":
      return [writeImage(part, isOwn)];
    case "file":
      return [writeDocument(part, isOwn)];
    case "audio":
      // Sound has no block; its words have.
      return part.transcript === undefined || part.transcript === "" ? [] : [{ type: "text", text: part.transcript }];
    case "native": {
      const block = writeNative(part);
      return block === null ? [] : [block];
    }
    case "video":
    case "tool-result":
      return [];
    default:
      return part satisfies never;
  }
}
