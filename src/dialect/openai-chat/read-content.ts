import { type Json, type JsonObject, asArray, asObject, asString, restOf } from "../../lib/json.ts";
import { mediaTypeOfName } from "../file-types.ts";
import type { CacheHint, ImagePart, Part, ReasoningPart } from "../neutral.ts";
import { invalidType, missingParameter } from "../openai-invalid.ts";
import { toObject } from "./fields.ts";
import { withForm } from "./form.ts";
import { readThinkingSignature } from "./mistral-client.ts";
import { audioTypeOf, sourceOfUrl, urlMember } from "./media.ts";

type PartExtras = { cache?: CacheHint; extra?: JsonObject };

/**
 * A message's content as parts: a string, or a list of https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages;
 * also the parts that servers with more kinds know. Throws GatewayError `invalid_request` for what is neither.
 */
export function readContent(content: Json | undefined, param: string): readonly Part[] {
  if (content === null || content === undefined || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) throw invalidType(param, "one of a string or array of objects", content);
  return (content as readonly Json[]).map((part, index) => readPart(part, `${param}[${index}]`));
}

function readPart(value: Json, param: string): Part {
  const part = toObject(value, param);
  const type = part["type"];
  switch (type) {
    case "text":
      return { kind: "text", text: stringOf(part, "text", param), ...extrasOf(part, TEXT) };
    case "refusal":
      return { kind: "refusal", text: stringOf(part, "refusal", param), ...extrasOf(part, REFUSAL) };
    case "image_url":
      return readImage(part, param);
    case "input_audio":
      return readAudio(part, param);
    case "file":
      return readFile(part, param);
    case "video_url":
      return {
        kind: "video",
        source: sourceOfUrl(addressOf(part, "video_url", param)),
        ...extrasOf(part, VIDEO),
        ...restOfMember(part, "video_url", URL_ONLY),
      };
    // Perplexity: https://docs.perplexity.ai/guides/file-attachments; bare base64 is a file too
    case "file_url":
      return {
        kind: "file",
        source: sourceOfUrl(addressOf(part, "file_url", param)),
        ...extrasOf(part, NO_KEYS, { type }),
        ...restOfMember(part, "file_url", URL_ONLY),
      };
    // Mistral: https://docs.mistral.ai/capabilities/document_ai/document_qna
    case "document_url": {
      const url = addressOf(part, "document_url", param);
      const name = asString(part["document_name"]);
      return {
        kind: "file",
        source: sourceOfUrl(url, mediaTypeOfName(name ?? url)),
        ...(name === null ? {} : { name }),
        ...extrasOf(part, DOCUMENT, { type }),
      };
    }
    case "thinking":
      return readThinking(part);
    case undefined:
      throw missingParameter(`${param}.type`);
    default:
      return { kind: "native", dialect: "openai-chat", value: part };
  }
}

const NO_KEYS: ReadonlySet<string> = new Set(["file_url", "type"]);
const TEXT: ReadonlySet<string> = new Set(["type", "text"]);
const REFUSAL: ReadonlySet<string> = new Set(["type", "refusal"]);
const IMAGE: ReadonlySet<string> = new Set(["type", "image_url"]);
const AUDIO: ReadonlySet<string> = new Set(["type", "input_audio"]);
const FILE: ReadonlySet<string> = new Set(["type", "file"]);
const VIDEO: ReadonlySet<string> = new Set(["type", "video_url"]);
const DOCUMENT: ReadonlySet<string> = new Set(["type", "document_url", "document_name"]);
const THINKING: ReadonlySet<string> = new Set(["type", "thinking"]);
const URL_ONLY: ReadonlySet<string> = new Set(["url"]);
const IMAGE_MEMBER: ReadonlySet<string> = new Set(["url", "detail"]);
const AUDIO_MEMBER: ReadonlySet<string> = new Set(["data", "format"]);
const FILE_MEMBER: ReadonlySet<string> = new Set(["file_data", "file_id", "filename"]);

/**
 * Cache hint and unknown members. `cache_control` is OpenRouter's (https://openrouter.ai/docs/features/prompt-caching), with an exact
 * form of its own; anything beyond that form stays extra.
 */
function extrasOf(part: JsonObject, known: ReadonlySet<string>, own: JsonObject | null = null): PartExtras {
  let rest: Record<string, Json | undefined> | null = restOf(part, known);
  const extras: PartExtras = {};
  const cache = readCache(rest?.["cache_control"]);
  if (cache !== null) {
    extras.cache = cache;
    const { cache_control: _, ...others } = rest ?? {};
    rest = Object.keys(others).length === 0 ? null : others;
  }
  if (own !== null) rest = { ...rest, ...own };
  if (rest !== null) extras.extra = rest;
  return extras;
}

/** A cache hint; null for what is none, or says more than a hint has words for. */
export function readCache(value: Json | undefined): CacheHint | null {
  const control = asObject(value);
  if (control?.["type"] !== "ephemeral") return null;
  const { type: _, ttl, ...others } = control;
  if (Object.keys(others).length > 0) return null;
  if (ttl === undefined) return { ttl: null };
  return ttl === "5m" || ttl === "1h" ? { ttl } : null;
}

/** What a part's inner object holds beside what is known of it, under the inner object's name. */
function restOfMember(part: JsonObject, name: string, known: ReadonlySet<string>): { extra?: JsonObject } {
  const inner = asObject(part[name]);
  const rest = inner === null ? null : restOf(inner, known);
  if (rest === null) return {};
  return { extra: { ...extrasOf(part, new Set(["type", name])).extra, [name]: rest } };
}

function stringOf(part: JsonObject, name: string, param: string): string {
  const value = part[name];
  if (value === undefined) throw missingParameter(`${param}.${name}`);
  if (typeof value !== "string") throw invalidType(`${param}.${name}`, "a string", value);
  return value;
}

function addressOf(part: JsonObject, name: string, param: string): string {
  const url = urlMember(part, name);
  if (url !== null) return url;
  const inner = asObject(part[name]);
  if (part[name] === undefined || inner?.["url"] === undefined) throw missingParameter(`${param}.${name}.url`);
  throw invalidType(`${param}.${name}.url`, "a string", inner["url"]);
}

const DETAILS: ReadonlySet<string> = new Set(["low", "high", "auto"]);

function readImage(part: JsonObject, param: string): ImagePart {
  const source = sourceOfUrl(addressOf(part, "image_url", param));
  const detail = asObject(part["image_url"])?.["detail"];
  const image: ImagePart = {
    kind: "image",
    source,
    ...(typeof detail === "string" && DETAILS.has(detail) ? { detail: detail as "low" | "high" | "auto" } : {}),
    ...extrasOf(part, IMAGE),
    ...restOfMember(part, "image_url", IMAGE_MEMBER),
  };
  return typeof part["image_url"] === "string" ? withForm(image, { said: "url" }) : image;
}

function readAudio(part: JsonObject, param: string): Part {
  const value = part["input_audio"];
  // Mistral takes the data bare: https://docs.mistral.ai/capabilities/audio
  if (typeof value === "string") {
    const source = value.startsWith("http")
      ? sourceOfUrl(value)
      : { kind: "data" as const, mediaType: "audio/mpeg", data: value };
    return withForm({ kind: "audio", source, ...extrasOf(part, AUDIO) }, { said: "bare" });
  }
  const inner = toObject(value, `${param}.input_audio`);
  const data = stringOf(inner, "data", `${param}.input_audio`);
  return {
    kind: "audio",
    source: { kind: "data", mediaType: audioTypeOf(stringOf(inner, "format", `${param}.input_audio`)), data },
    ...extrasOf(part, AUDIO),
    ...restOfMember(part, "input_audio", AUDIO_MEMBER),
  };
}

function readFile(part: JsonObject, param: string): Part {
  const inner = toObject(part["file"], `${param}.file`);
  const name = asString(inner["filename"]);
  const id = asString(inner["file_id"]);
  const data = asString(inner["file_data"]);
  if (id === null && data === null) throw missingParameter(`${param}.file.file_data`);
  const mediaType = mediaTypeOfName(name ?? data?.slice(0, 2_000) ?? "");
  return {
    kind: "file",
    source: data === null ? { kind: "file-id", id: id ?? "", mediaType } : sourceOfUrl(data, mediaType),
    ...(name === null ? {} : { name }),
    ...extrasOf(part, FILE),
    ...restOfMember(part, "file", FILE_MEMBER),
  };
}

/** Mistral's reasoning: a part of the content. https://docs.mistral.ai/capabilities/reasoning */
export function readThinking(part: JsonObject): ReasoningPart {
  const pieces = asArray(part["thinking"]).map((piece) => asString(asObject(piece)?.["text"]) ?? "");
  const reasoning = {
    kind: "reasoning",
    text: pieces.join(""),
    ...readThinkingSignature(part),
    ...extrasOf(part, THINKING),
  } as ReasoningPart;
  return withForm(reasoning, { pieces: pieces.map(({ length }) => length) });
}
