import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer, NeutralChoice, Part } from "../neutral.ts";
import { carryForText, carryForToolUse } from "./carried-signature.ts";
import { writeFinish } from "./finish.ts";
import { writeMetrics } from "./metrics.ts";
import { OWN } from "./own.ts";
import { writeReasoningBlock } from "./reasoning-block.ts";
import { writeUsage } from "./usage.ts";
import { writeCachePoint, writeDocument, writeMedia, writeNative, writeText, writeToolUse } from "./write-part.ts";

/** A whole answer. Converse has one choice; its callers cannot ask for more. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === OWN;
  const [choice] = answer.choices;
  const { output: outputRest, ...extra } = (isOwn ? answer.extra : null) ?? {};
  const body: Record<string, Json | undefined> = { ...extra };
  if (choice !== undefined) {
    const hasMessage = !isOwn || choice.parts.length > 0 || outputRest === undefined;
    body["output"] = { ...(hasMessage ? { message: writeMessage(choice, isOwn) } : null), ...asObject(outputRest) };
    if (choice.finish !== null) body["stopReason"] = writeFinish(choice.finish, isOwn);
    else if (!isOwn) body["stopReason"] = "end_turn";
  } else if (!isOwn) {
    body["output"] = { message: { role: "assistant", content: [] } };
    body["stopReason"] = "end_turn";
  }
  if (answer.usage !== null) body["usage"] = writeUsage(answer.usage, isOwn);
  const metrics = isOwn ? null : writeMetrics(context);
  if (metrics !== null) body["metrics"] = metrics;
  const tier = writeAnswerTier(answer.serviceTier, isOwn);
  if (tier !== null) body["serviceTier"] = tier;
  return body;
}

function writeMessage({ parts, extra }: NeutralChoice, isOwn: boolean): JsonObject {
  const content = parts.flatMap((part) => writeAnswerPart(part, isOwn));
  return { role: "assistant", content, ...(isOwn ? extra : null) };
}

const TIERS: ReadonlySet<string> = new Set(["default", "flex", "priority", "reserved"]);

export function writeAnswerTier(tier: string | null, isOwn: boolean): JsonObject | null {
  return tier !== null && (isOwn || TIERS.has(tier)) ? { type: tier } : null;
}

/** Blocks of a part; none where Converse has no word for it. */
export function writeAnswerPart(part: Part, isOwn: boolean): readonly JsonObject[] {
  const blocks = writeBlocks(part, isOwn);
  return isOwn && part.cache !== undefined ? [...blocks, writeCachePoint(part.cache)] : blocks;
}

function writeBlocks(part: Part, isOwn: boolean): readonly JsonObject[] {
  switch (part.kind) {
    case "text": {
      const block = writeText(part.citations?.length === 0 && !isOwn ? withoutCitations(part) : part, isOwn);
      const carried = isOwn ? null : carryForText(part.signature);
      return carried === null ? [block] : [block, carried];
    }
    case "refusal":
      return [{ text: part.text }];
    case "reasoning":
      return [writeReasoningBlock(part, isOwn)];
    case "tool-call": {
      const block = writeToolUse(part, part.id, isOwn);
      const carried = isOwn ? null : carryForToolUse(part.signature);
      return carried === null ? [block] : [carried, block];
    }
    case "image":
    case "video":
      return asList(writeMedia(part, isOwn));
    case "audio":
      if (part.transcript !== undefined && part.transcript !== "") return [{ text: part.transcript }];
      return asList(writeMedia(part, isOwn));
    case "file":
      return asList(writeDocument(part, part.name ?? "document", isOwn));
    case "native":
      return asList(writeNative(part));
    case "tool-result":
      return [];
    default:
      return part satisfies never;
  }
}

function withoutCitations(part: Extract<Part, { kind: "text" }>): Extract<Part, { kind: "text" }> {
  const { citations: _, ...rest } = part;
  return rest;
}

function asList(block: JsonObject | null): readonly JsonObject[] {
  return block === null ? [] : [block];
}
