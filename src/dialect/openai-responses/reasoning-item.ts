/**
 * Reasoning items, and how what other providers sign travels in them.
 *
 * This API has one field that callers send back unread: `encrypted_content` of a reasoning item. So a foreign signature stands there
 * (marked with its owner, see opaque.ts), followed by what it signs where that is not this item's own text:
 *
 *   llmux.anthropic.…      signs this item's text
 *   llmux.anthropic.…~e    is this item's reasoning, encrypted
 *   llmux.google.…~n       signs the item that follows (Gemini signs function calls)
 *   llmux.google.…~p       signs the item before
 *   llmux.none             nothing was signed or encrypted: the text is all there is
 *
 * Several are separated by a space. The API's own encrypted content stands as it is.
 */
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { Opaque, ReasoningPart } from "../neutral.ts";
import { unwrapOpaque, wrapOpaque } from "../opaque.ts";
import { leftover } from "./leftover.ts";

const OWN = "openai";
const MARK = "llmux.";
/** Callers that asked for encrypted reasoning send back no item without it (the Vercel AI SDK, where nothing is stored). */
const NOTHING = "llmux.none";

/** What stood in one `encrypted_content`. */
export type Carried = {
  signature?: Opaque;
  encrypted?: Opaque;
  /** Signs the neighbour in the list of items. */
  next?: Opaque;
  previous?: Opaque;
};

export function readEncryptedContent(text: string): Carried {
  if (!text.startsWith(MARK)) return { encrypted: { owner: OWN, data: text } };
  const carried: Carried = {};
  if (text === NOTHING) return carried;
  for (const token of text.split(" ")) {
    const tilde = token.lastIndexOf("~");
    const opaque = unwrapOpaque(tilde === -1 ? token : token.slice(0, tilde), OWN);
    switch (tilde === -1 ? "" : token.slice(tilde + 1)) {
      case "e":
        carried.encrypted = opaque;
        break;
      case "n":
        carried.next = opaque;
        break;
      case "p":
        carried.previous = opaque;
        break;
      default:
        carried.signature = opaque;
    }
  }
  return carried;
}

/** Null where there is nothing to carry. The API's own encrypted content wins: nobody but OpenAI reads it, and it must come back as it was. */
export function writeEncryptedContent({ signature, encrypted, next, previous }: Carried): string | null {
  if (encrypted?.owner === OWN) return encrypted.data;
  const tokens: string[] = [];
  // A signature of OpenAI's own cannot be: its reasoning is encrypted, never signed.
  if (signature !== undefined) tokens.push(wrapOpaque(signature, OWN));
  if (encrypted !== undefined) tokens.push(`${wrapOpaque(encrypted, OWN)}~e`);
  if (next !== undefined) tokens.push(`${wrapOpaque(next, OWN)}~n`);
  if (previous !== undefined) tokens.push(`${wrapOpaque(previous, OWN)}~p`);
  return tokens.length === 0 ? null : tokens.join(" ");
}

/** Whether the caller asked for `reasoning.encrypted_content`, because nobody but itself keeps what it must send back. */
export function isEncryptionAsked({ request }: AnswerContext): boolean {
  return asArray(request?.extra?.["include"]).includes("reasoning.encrypted_content");
}

/** Whether a reasoning part belongs to another provider than OpenAI, so that OpenAI cannot be shown it. */
export function isForeign(part: ReasoningPart): boolean {
  return part.signature !== undefined || (part.encrypted !== undefined && part.encrypted.owner !== OWN);
}

/** A reasoning item, and what it carries for its neighbours; `part` null where that is all it is for. */
export type ReadReasoning = { readonly part: ReasoningPart | null; readonly carried: Carried };

export function readReasoningItem(item: JsonObject): ReadReasoning {
  const encryptedText = asString(item["encrypted_content"]);
  const carried = encryptedText === null || encryptedText === "" ? {} : readEncryptedContent(encryptedText);
  const summary = plainTexts(item["summary"], "summary_text");
  const content = plainTexts(item["content"], "reasoning_text");
  const contentTexts = content ?? readableTexts(item["content"]);
  const hasContent = contentTexts.length > 0;
  const summaries = summary ?? readableTexts(item["summary"]);
  const isCarrier = (carried.next ?? carried.previous) !== undefined;
  if (isCarrier && !hasContent && summaries.length === 0) return { part: null, carried };
  const id = asString(item["id"]);
  // What cannot be made again from the text stays as it was: both forms at once, several contents, unknown members.
  const keepsSummary = summary === null || (hasContent && summary.length > 0);
  const keepsContent = content === null || content.length > 1 || (!hasContent && Array.isArray(item["content"]));
  const extra = leftover(item, {
    type: true,
    id,
    encrypted_content: encryptedText === "" ? null : encryptedText,
    summary: keepsSummary ? null : summary,
    content: keepsContent ? null : content,
  });
  const { signature, encrypted } = carried;
  // Text that another provider's signature vouches for is that provider's reasoning, whatever this API calls it.
  const isSummary = !hasContent && signature === undefined;
  return {
    part: {
      kind: "reasoning",
      text: hasContent ? contentTexts.join("\n\n") : summaries.join("\n\n"),
      ...(isSummary ? { isSummary: true } : hasContent ? { isSummary: false } : {}),
      ...(hasContent ? {} : { summaries }),
      ...(id === null ? {} : { id }),
      ...(signature === undefined ? {} : { signature }),
      ...(encrypted === undefined ? {} : { encrypted }),
      ...(extra === null ? {} : { extra }),
    },
    carried,
  };
}

/** Texts of a list that holds nothing but `{ type, text }` of that type; null where it holds more, or is no list. */
function plainTexts(value: unknown, type: string): readonly string[] | null {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return null;
  const texts: string[] = [];
  for (const entry of value as readonly Json[]) {
    const object = asObject(entry);
    const text = asString(object?.["text"]);
    if (object === null || text === null || object["type"] !== type || Object.keys(object).length !== 2) return null;
    texts.push(text);
  }
  return texts;
}

function readableTexts(value: unknown): readonly string[] {
  return asArray(value).flatMap((entry) => {
    const text = asString(asObject(entry)?.["text"]);
    return text === null ? [] : [text];
  });
}

/**
 * A reasoning item. Reasoning of another dialect is written as its summary, not as `reasoning_text` content, although it may be the
 * model's own words: the Vercel AI SDK, LangChain and the examples of OpenAI's own SDK show summaries and nothing else
 * (https://github.com/vercel/ai/blob/main/packages/openai/src/responses/openai-responses-api.ts), and both at once would double
 * every token on the wire and in memory. `isOwn`: read from this dialect, so that it gets the form it had.
 * `isEncryptionAsked`: see isEncryptionAsked.
 */
export function writeReasoningItem(
  part: ReasoningPart,
  id: string | null,
  isOwn: boolean,
  isEncryptionAsked = false,
): JsonObject {
  const encrypted = writeEncryptedContent(part) ?? (isEncryptionAsked && !isOwn ? NOTHING : null);
  const isContent = isOwn && part.isSummary === false;
  const hasSummary = isOwn && part.extra !== undefined && Object.hasOwn(part.extra, "summary");
  const texts = part.summaries ?? (part.text === "" ? [] : [part.text]);
  return {
    type: "reasoning",
    ...(id === null ? {} : { id }),
    ...(hasSummary ? {} : { summary: isContent ? [] : texts.map((text) => ({ type: "summary_text", text })) }),
    ...(isContent ? { content: [{ type: "reasoning_text", text: part.text }] } : {}),
    ...(encrypted === null ? {} : { encrypted_content: encrypted }),
    ...(isOwn ? part.extra : {}),
  };
}
