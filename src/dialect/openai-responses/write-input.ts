import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import { nameOfFile } from "../file-types.ts";
import type { FilePart, ImagePart, NeutralMessage, NeutralRequest, Part, ToolResultPart } from "../neutral.ts";
import type { Target } from "../target.ts";
import { writeCallItem } from "./call-item.ts";
import { writeDataUrl } from "./data-url.ts";
import { ItemWriter } from "./item-writer.ts";
import { isForeign, writeReasoningItem } from "./reasoning-item.ts";

export type WrittenInput = {
  readonly instructions: string | null;
  /** Null where the request has none (it goes on from a stored response). */
  readonly input: Json | null;
};

/** The messages of a request as `instructions` and `input`. */
export function writeInput(request: NeutralRequest, target: Target): WrittenInput {
  const isOwn = request.dialect === "openai-responses";
  let instructions: string | null = null;
  let text: string | null = null;
  const items: Json[] = [];
  for (const message of request.messages) {
    const form = isOwn ? message.extra?.["form"] : undefined;
    const [first] = message.parts;
    if (form === "instructions" && first?.kind === "text") instructions = first.text;
    else if (form === "input" && first?.kind === "text") text = first.text;
    else items.push(...writeMessage(message, isOwn, target));
  }
  if (text !== null && items.length === 0) return { instructions, input: text };
  if (text !== null) items.unshift({ role: "user", content: text });
  const isMissing = isOwn && items.length === 0 && request.previousResponseId !== null;
  return { instructions, input: isMissing ? null : items };
}

function writeMessage(message: NeutralMessage, isOwn: boolean, target: Target): readonly Json[] {
  switch (message.role) {
    case "assistant":
      return isOwn ? writeOwnTurn(message.parts) : writeTurn(message.parts);
    case "tool":
      return message.parts.flatMap((part) => (part.kind === "tool-result" ? [writeResult(part, isOwn)] : []));
    case "system":
    case "developer":
    case "user":
      return writeCallersMessage(message, isOwn, target);
    default:
      return message.role satisfies never;
  }
}

// ---- What the caller says ----------------------------------------------------------------------------------------------

function writeCallersMessage(message: NeutralMessage, isOwn: boolean, target: Target): readonly Json[] {
  const { parts } = message;
  const { form, bare, ...head } = (isOwn ? message.extra : undefined) ?? {};
  if (form === "item") return parts.flatMap((part) => (part.kind === "native" ? [part.value] : []));
  const role = !isOwn && message.role === "system" ? (target.quirks.systemRole ?? "system") : message.role;
  const contents = parts.flatMap((part) => writeContent(part, isOwn));
  const [only] = parts;
  const isText = parts.length === 1 && only?.kind === "text";
  if (isOwn) return [{ ...head, role, content: bare === true && isText ? only.text : contents }];
  if (contents.length === 0) return [];
  // A text alone is said as one: not every server of this API reads the list.
  return [{ type: "message", role, content: isText ? only.text : contents }];
}

function writeContent(part: Part, isOwn: boolean): readonly Json[] {
  const extra = isOwn ? part.extra : undefined;
  switch (part.kind) {
    case "text":
      return [{ type: "input_text", text: part.text, ...extra }];
    case "refusal":
      return [{ type: "input_text", text: part.text }];
    case "image":
      return [writeImage(part, extra)];
    case "file":
      return [writeFile(part, extra)];
    case "native":
      return part.dialect === "openai-responses" ? [part.value] : [];
    case "audio":
    case "video":
    case "reasoning":
    case "tool-call":
    case "tool-result":
      // Refused before, or not the caller's to say.
      return [];
    default:
      return part satisfies never;
  }
}

function writeImage(part: ImagePart, extra: JsonObject | undefined): JsonObject {
  const { source, detail } = part;
  return {
    type: "input_image",
    ...(source.kind === "file-id"
      ? { file_id: source.id }
      : { image_url: source.kind === "url" ? source.url : writeDataUrl(source) }),
    ...(detail === undefined ? {} : { detail }),
    ...extra,
  };
}

function writeFile(part: FilePart, extra: JsonObject | undefined): JsonObject {
  const { source, name } = part;
  const { bare, ...rest } = extra ?? {};
  switch (source.kind) {
    case "url":
      return {
        type: "input_file",
        file_url: source.url,
        ...(name === undefined || extra === undefined ? {} : { filename: name }),
        ...rest,
      };
    case "file-id":
      return {
        type: "input_file",
        file_id: source.id,
        ...(name === undefined || extra === undefined ? {} : { filename: name }),
        ...rest,
      };
    case "data":
      return {
        type: "input_file",
        // The API asks for a name with a file's data; it reads the file's kind from it.
        ...(name === undefined && extra !== undefined ? {} : { filename: name ?? nameOfFile(source.mediaType) }),
        file_data: bare === true ? source.data : writeDataUrl(source),
        ...rest,
      };
    default:
      return source satisfies never;
  }
}

function writeResult(part: ToolResultPart, isOwn: boolean): JsonObject {
  const { bare, ...extra } = (isOwn ? part.extra : undefined) ?? {};
  const texts = part.content.map((inner) => (inner.kind === "text" ? inner.text : null));
  const isText = texts.every((text) => text !== null);
  // A text is what every server of this API reads; the list is for what is none.
  const asText = isOwn ? bare === true && isText : isText;
  return {
    type: part.isCustom === true ? "custom_tool_call_output" : "function_call_output",
    call_id: callId(part.callId),
    output: asText ? texts.join(isOwn ? "" : "\n") : part.content.flatMap((inner) => writeContent(inner, isOwn)),
    ...extra,
  };
}

/** The API takes ids of at most 64 characters; a longer one becomes one of that length, the same for call and result. */
function callId(id: string): string {
  return id.length <= 64 ? id : `call_${Bun.hash(id).toString(16).padStart(16, "0")}`;
}

// ---- What the model said -----------------------------------------------------------------------------------------------

function writeOwnTurn(parts: readonly Part[]): readonly Json[] {
  const items = new ItemWriter({
    isOwn: true,
    isEncryptionAsked: false,
    newId: (prefix) => `${prefix}_`,
    logprobs: [],
    lastStatus: "completed",
  });
  for (const part of parts) {
    // Reasoning that another provider signed was given to the caller by us, and means nothing to this one.
    if (part.kind === "reasoning" && isForeign(part)) continue;
    items.add(part.kind === "text" || part.kind === "tool-call" || part.kind === "image" ? unsigned(part) : part);
  }
  return items.finish();
}

function unsigned<Signed extends Part & { readonly signature?: unknown }>(part: Signed): Signed {
  if (part.signature === undefined) return part;
  const { signature: _, ...rest } = part;
  return rest as Signed;
}

/** A turn of another API's: ids are left out, for the provider knows none of them. */
function writeTurn(parts: readonly Part[]): readonly Json[] {
  const items: Json[] = [];
  let contents: JsonObject[] = [];
  const endMessage = (): void => {
    if (contents.length === 0) return;
    const [only] = contents;
    const text = contents.length === 1 ? asObject(only)?.["text"] : undefined;
    items.push({ type: "message", role: "assistant", content: typeof text === "string" ? text : contents });
    contents = [];
  };
  const put = (item: JsonObject): void => {
    endMessage();
    items.push(item);
  };
  for (const part of parts) {
    switch (part.kind) {
      case "text":
        if (part.text !== "") contents.push({ type: "output_text", text: part.text });
        break;
      case "refusal":
        contents.push({ type: "refusal", refusal: part.text });
        break;
      case "audio":
        if (part.transcript !== undefined) contents.push({ type: "output_text", text: part.transcript });
        break;
      case "reasoning":
        // Only what OpenAI encrypted is worth its room: it refuses others' signatures, and reasoning in plain words says nothing to it.
        if (part.encrypted?.owner === "openai") put(writeReasoningItem({ ...part, isSummary: true }, null, false));
        break;
      case "tool-call":
        put(writeCallItem({ ...part, id: callId(part.id) }, part.isCustom === true ? {} : { status: "completed" }));
        break;
      case "image":
        // A message of the model's holds no image, and an image it made is known by an id that only its maker knows.
        put({ type: "message", role: "user", content: [writeImage(part, undefined)] });
        break;
      case "native":
        if (part.dialect === "openai-responses") put(part.value);
        break;
      case "file":
      case "video":
      case "tool-result":
        break;
      default:
        part satisfies never;
    }
  }
  endMessage();
  return items;
}
