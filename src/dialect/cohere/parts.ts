/** What messages of requests and answers share: content, tool calls, the tool plan. https://docs.cohere.com/reference/chat */
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { Citation, ImagePart, NativePart, Part, ReasoningPart, TextPart, ToolCallPart } from "../neutral.ts";
import { groupCitations, readCitation, writeCitation } from "./citations.ts";
import { OffsetMap } from "./offsets.ts";

const DATA_URL = /^data:([^;,]*)(?:;[^;,]*)*;base64,/;

/** A block of content; `null` for one that says nothing. What only Cohere knows stays as it is. */
export function readBlock(block: Json): Part | null {
  if (typeof block === "string") return { kind: "text", text: block };
  const object = asObject(block);
  if (object === null) return null;
  switch (object["type"]) {
    case "text":
      return { kind: "text", text: asString(object["text"]) ?? "" };
    case "thinking":
      return { kind: "reasoning", text: asString(object["thinking"]) ?? "" };
    case "image_url":
      return readImage(object);
    default:
      return { kind: "native", dialect: "cohere", value: object };
  }
}

function readImage(block: JsonObject): ImagePart | NativePart {
  const image = asObject(block["image_url"]);
  const url = asString(image?.["url"]);
  if (url === null) return { kind: "native", dialect: "cohere", value: block };
  const detail = asString(image?.["detail"]);
  return {
    kind: "image",
    source: readImageUrl(url),
    ...(detail === "low" || detail === "high" || detail === "auto" ? { detail } : {}),
  };
}

export function readImageUrl(url: string): ImagePart["source"] {
  const data = DATA_URL.exec(url);
  if (data === null) return { kind: "url", url, mediaType: null };
  return {
    kind: "data",
    mediaType: data[1] === "" ? "image/png" : (data[1] as string),
    data: url.slice(data[0].length),
  };
}

/** `data:` or plain URL of an image; null where its provider alone holds it. */
export function writeImageUrl({ source }: ImagePart): string | null {
  if (source.kind === "url") return source.url;
  return source.kind === "data" ? `data:${source.mediaType};base64,${source.data}` : null;
}

/** A part as a block of content; null for one that no block can hold. */
export function writeBlock(part: Part): JsonObject | null {
  switch (part.kind) {
    case "text":
    case "refusal":
      return { type: "text", text: part.text };
    case "audio":
      // Of spoken words what was said.
      return part.transcript === undefined ? null : { type: "text", text: part.transcript };
    case "reasoning":
      return part.text === "" ? null : { type: "thinking", thinking: part.text };
    case "image": {
      const url = writeImageUrl(part);
      if (url === null) return null;
      // "original" is more than "high" where it exists; here "high" is the most.
      const detail = part.detail === "original" ? "high" : part.detail;
      return { type: "image_url", image_url: { url, ...(detail === undefined ? {} : { detail }) } };
    }
    case "native":
      return part.dialect === "cohere" ? part.value : null;
    default:
      return null;
  }
}

export function readToolCall(call: Json, index: number): ToolCallPart | null {
  const object = asObject(call);
  if (object === null) return null;
  const fn = asObject(object["function"]);
  const text = asString(fn?.["arguments"]);
  return {
    kind: "tool-call",
    id: asString(object["id"]) ?? `call_${index + 1}`,
    name: asString(fn?.["name"]) ?? "",
    arguments: text === null || text === "" ? "{}" : text,
  };
}

export function writeToolCall({ id, name, arguments: text }: ToolCallPart): JsonObject {
  return { id, type: "function", function: { name, arguments: text } };
}

/**
 * An assistant's message. `tool_plan` is "a chain-of-thought style reflection and plan that the model generates when working
 * with tools", so it is read as reasoning, and not as text: callers would take it for the answer. It is a summary, the visible
 * account of the reasoning, which tells it from `thinking` in most dialects; `extra` does so here.
 */
export function readAssistantParts(message: JsonObject): readonly Part[] {
  const parts: Part[] = [];
  const { content } = message;
  for (const block of typeof content === "string" ? [content] : asArray(content)) {
    const part = readBlock(block);
    if (part !== null) parts.push(part);
  }
  attachCitations(parts, asArray(message["citations"]));
  const plan = asString(message["tool_plan"]);
  if (plan !== null && plan !== "") parts.push({ kind: "reasoning", text: plan, isSummary: true, extra: PLAN });
  for (const [index, call] of asArray(message["tool_calls"]).entries()) {
    const part = readToolCall(call, index);
    if (part !== null) parts.push(part);
  }
  return parts;
}

/** A citation says which block it stands on; older models have one text and say nothing. */
function attachCitations(parts: Part[], citations: readonly Json[]): void {
  if (citations.length === 0) return;
  const found = new Map<number, { readonly offsets: OffsetMap; readonly citations: Citation[] }>();
  const firstText = parts.findIndex(({ kind }) => kind === "text");
  for (const item of citations) {
    const citation = asObject(item);
    if (citation === null) continue;
    const index = typeof citation["content_index"] === "number" ? citation["content_index"] : firstText;
    const part = parts[index]?.kind === "text" ? index : firstText;
    if (part === -1) continue;
    let place = found.get(part);
    if (place === undefined) {
      place = { offsets: new OffsetMap(), citations: [] };
      place.offsets.push((parts[part] as TextPart).text);
      found.set(part, place);
    }
    place.citations.push(...readCitation(citation, place.offsets));
  }
  for (const [index, place] of found) {
    parts[index] = { ...(parts[index] as TextPart), citations: place.citations };
  }
}

/** An assistant's parts as members of a message: content, tool_plan, tool_calls, citations. Parts that no message can hold go to `drop`. */
export function writeAssistantParts(parts: readonly Part[], drop: (part: Part) => void): Record<string, Json> {
  const content: JsonObject[] = [];
  const citations: JsonObject[] = [];
  const calls = parts.filter((part): part is ToolCallPart => part.kind === "tool-call");
  const plans: string[] = [];
  for (const part of parts) {
    if (part.kind === "tool-call") continue;
    if (part.kind === "reasoning" && isPlan(part, calls.length > 0)) {
      plans.push(part.text);
      continue;
    }
    const block = writeBlock(part);
    if (block === null) {
      if (part.kind !== "reasoning") drop(part);
      continue;
    }
    if (part.kind === "text" && part.citations !== undefined) {
      const offsets = new OffsetMap();
      offsets.push(part.text);
      for (const group of groupCitations(part.citations)) {
        citations.push(writeCitation(group, content.length, part.text, offsets));
      }
    }
    content.push(block);
  }
  return {
    ...(content.length === 0 ? {} : { content }),
    ...(plans.length === 0 ? {} : { tool_plan: plans.join("\n\n") }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeToolCall) }),
    ...(citations.length === 0 ? {} : { citations }),
  };
}

/** Marks reasoning that was a `tool_plan`. */
export const PLAN: JsonObject = { tool_plan: true };

/** A plan; or a summary next to tool calls, which a plan has become on its way through another dialect. */
function isPlan({ extra, isSummary }: ReasoningPart, hasCalls: boolean): boolean {
  return extra?.["tool_plan"] === true || (isSummary === true && hasCalls);
}
