/**
 * What a request's body tells of its size in tokens, read in one pass over its structure: nothing is parsed, long strings are jumped
 * over. A body that is no JSON, or lies, gets some number within the bounds; what it really used is settled afterwards.
 */
import { MAX_OUTPUT_TOKENS } from "./token-ratio.ts";

/** An image of common size: https://docs.anthropic.com/en/docs/build-with-claude/vision#calculate-image-costs */
export const TOKENS_PER_IMAGE = 1_500;

export type TokenHints = {
  /** The body without its media. */
  readonly promptBytes: number;
  /** Images; other media count as so many images as their size is worth. */
  readonly images: number;
  /** The longest answer the caller allows, over all choices it asks for; null where it says nothing. */
  readonly maxOutput: number | null;
};

/** Where a request says how long the answer may be: at the top, or in one of SETTINGS. */
const OUTPUT_KEYS: ReadonlySet<string> = new Set([
  "max_tokens",
  "max_completion_tokens",
  "max_output_tokens",
  "maxOutputTokens",
  "maxTokens",
  "num_predict",
  "max_new_tokens",
  "max_tokens_to_sample",
]);
/** How many answers are made. */
const CHOICE_KEYS: ReadonlySet<string> = new Set(["n", "best_of", "candidateCount", "candidate_count"]);
/** Gemini's, Bedrock's and Ollama's objects for settings, in both spellings of protobuf's JSON. */
const SETTINGS: ReadonlySet<string> = new Set(["generationConfig", "generation_config", "inferenceConfig", "options"]);
/** Under which base64 stands without saying so: Anthropic and Gemini, Bedrock, Ollama, OpenAI's files and audio. */
const MEDIA_KEYS: ReadonlySet<string> = new Set(["data", "bytes", "image", "images", "file_data"]);

/** Shorter strings are not worth a look. */
const MIN_MEDIA_BYTES = 128;
/** A page of a document or some seconds of audio, in base64: about as many tokens as an image. */
const MEDIA_BYTES_PER_IMAGE = 131_072;
/** No API takes more (Gemini: 3,600 images). */
const MAX_IMAGES = 4_000;
/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-n */
const MAX_CHOICES = 128;
/** A key that is longer is none of ours. */
const MAX_KEY_BYTES = 24;
/** A string's beginning is walked byte by byte, which is cheaper than a search as long as it ends soon. */
const WALKED_BYTES = 32;

/**
 * The most bytes a token has on average in any text that says something. The longest tokens of cl100k_base and o200k_base are runs
 * of 128 blanks; but between runs there is something else, which is another token. Measured with js-tiktoken on texts as JSON:
 * English 4.8, code 4.5 to 14 (deeply indented), tables padded with blanks 18, Russian in \u escapes 25, runs of one sign 32 to 64.
 */
const MOST_BYTES_PER_TOKEN = 64;

/** A third of the price of Buffer's own, which looks at what kind of needle it is given. */
const indexOfByte = Uint8Array.prototype.indexOf;

const QUOTE = 34;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Whether a prompt has more tokens than a model takes, whatever it says and whoever counts: a lower bound, not an estimate. */
export function certainlyExceeds(promptBytes: number, images: number, contextWindow: number): boolean {
  return promptBytes / MOST_BYTES_PER_TOKEN + images > contextWindow;
}

/** See TokenHints. Never throws. */
export function readTokenHints(body: Buffer): TokenHints {
  const { length } = body;
  let at = 0;
  let depth = 0;
  let keyStart = 0;
  let keyEnd = 0;
  let keyDepth = 0;
  let isInSettings = false;
  let mediaBytes = 0;
  let otherMedia = 0;
  /** Parts that call themselves images, and images whose bytes are here: mostly the same ones. */
  let namedImages = 0;
  let givenImages = 0;
  let maxOutput = -1;
  let choices = 1;
  while (at < length) {
    const code = body[at] as number;
    if (code === QUOTE) {
      const start = at + 1;
      const end = findStringEnd(body, start, length);
      at = end + 1;
      let next = at;
      while (isSpace(body[next])) next++;
      if (body[next] === COLON) {
        keyStart = start;
        keyEnd = end;
        keyDepth = depth;
        at = next + 1;
      } else if (end - start >= MIN_MEDIA_BYTES) {
        const media = judgeMedia(body, start, end, keyStart, keyEnd);
        if (media !== "none") {
          mediaBytes += end - start;
          if (media === "image") givenImages++;
          else otherMedia += Math.ceil((end - start) / MEDIA_BYTES_PER_IMAGE);
        }
      } else if (keyEnd - keyStart === 4 && namesImage(body, start, end) && is(body, keyStart, keyEnd, "type")) {
        namedImages++;
      }
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      if (depth === 2) isInSettings = keyDepth === 1 && isSettings(body, keyStart, keyEnd);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    else if (code === MINUS) {
      at = skipNumber(body, at);
      continue;
    } else if (code >= ZERO && code <= NINE && keyDepth === depth && (depth === 1 || (depth === 2 && isInSettings))) {
      const end = skipNumber(body, at);
      const key = readKey(body, keyStart, keyEnd);
      if (key !== null && OUTPUT_KEYS.has(key)) maxOutput = Math.max(maxOutput, readNumber(body, at, end));
      else if (key !== null && CHOICE_KEYS.has(key)) choices = Math.max(choices, readNumber(body, at, end));
      at = end;
      continue;
    }
    at++;
  }
  return {
    promptBytes: length - mediaBytes,
    images: Math.min(MAX_IMAGES, Math.max(namedImages, givenImages) + otherMedia),
    maxOutput: maxOutput < 0 ? null : Math.min(MAX_OUTPUT_TOKENS, maxOutput * Math.min(MAX_CHOICES, choices)),
  };
}

/** Index of the quote that ends the string whose first byte is at `at`; the length where none does. */
function findStringEnd(body: Buffer, at: number, length: number): number {
  for (;;) {
    const walkedTo = Math.min(length, at + WALKED_BYTES);
    while (at < walkedTo) {
      const code = body[at];
      if (code === QUOTE) return at;
      at += code === BACKSLASH ? 2 : 1;
    }
    if (at >= length) return length;
    const quote: number = indexOfByte.call(body, QUOTE, at);
    if (quote === -1) return length;
    let backslashes = 0;
    while (quote - 1 - backslashes >= at && body[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

/** What a long string under a key is: text unless it is certainly base64. */
function judgeMedia(
  body: Buffer,
  start: number,
  end: number,
  keyStart: number,
  keyEnd: number,
): "none" | "image" | "other" {
  if (is(body, start, start + 5, "data:")) {
    // A text that begins like one is still a text.
    if (is(body, keyStart, keyEnd, "text") || is(body, keyStart, keyEnd, "content")) return "none";
    if (!body.toString("latin1", start, Math.min(end, start + MIN_MEDIA_BYTES)).includes(";base64,")) return "none";
    return is(body, start, start + 10, "data:image") ? "image" : "other";
  }
  const key = readKey(body, keyStart, keyEnd);
  if (key === null || !MEDIA_KEYS.has(key)) return "none";
  const middle = start + ((end - start) >> 1);
  const isBase64 = isBase64At(body, start) && isBase64At(body, middle) && isBase64At(body, end - 32);
  if (!isBase64) return "none";
  return isImage(body, start) ? "image" : "other";
}

/** Whether 32 bytes are of base64, in either alphabet; some writers escape its slash. */
function isBase64At(body: Buffer, from: number): boolean {
  for (let at = from; at < from + 32; at++) {
    const code = body[at] as number;
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
    // + - / = _ and the escape
    const isSign = code === 43 || code === 45 || code === 47 || code === 61 || code === 95 || code === BACKSLASH;
    if (!isLetter && !(code >= ZERO && code <= NINE) && !isSign) return false;
  }
  return true;
}

/** The first bytes of PNG, JPEG, GIF and WebP files (its name stands 8 bytes in, behind RIFF), in base64. */
function isImage(body: Buffer, start: number): boolean {
  const first = body.toString("latin1", start, start + 16).replaceAll("\\/", "/");
  return (
    first.startsWith("iVBORw0KGgo") ||
    first.startsWith("/9j/") ||
    first.startsWith("R0lGOD") ||
    (first.startsWith("UklGR") && first.endsWith("RUJQ"))
  );
}

/** The types of parts that hold an image: Anthropic, OpenAI chat, OpenAI Responses. */
function namesImage(body: Buffer, start: number, end: number): boolean {
  switch (end - start) {
    case 5:
      return is(body, start, end, "image");
    case 9:
      return is(body, start, end, "image_url");
    case 11:
      return is(body, start, end, "input_image");
    default:
      return false;
  }
}

function isSettings(body: Buffer, keyStart: number, keyEnd: number): boolean {
  const key = readKey(body, keyStart, keyEnd);
  return key !== null && SETTINGS.has(key);
}

/** A key that may be one of ours: they begin with few letters. */
function readKey(body: Buffer, start: number, end: number): string | null {
  if (end - start > MAX_KEY_BYTES || end === start) return null;
  switch (body[start]) {
    case 98: // b
    case 99: // c
    case 100: // d
    case 102: // f
    case 103: // g
    case 105: // i
    case 109: // m
    case 110: // n
    case 111: // o
      return body.toString("latin1", start, end);
    default:
      return null;
  }
}

function is(body: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) if (body[start + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** The number at [at, end), whole and within bounds. */
function readNumber(body: Buffer, at: number, end: number): number {
  const number = Number(body.toString("latin1", at, Math.min(end, at + 32)));
  return number > 0 ? Math.min(MAX_OUTPUT_TOKENS, Math.floor(number)) : 0;
}

/** Index behind the number at `at`. */
function skipNumber(body: Buffer, at: number): number {
  let end = at + 1;
  while (isInNumber(body[end])) end++;
  return end;
}

/** Digits, dots, signs and exponents. */
function isInNumber(code: number | undefined): boolean {
  if (code === undefined) return false;
  return (code >= ZERO && code <= NINE) || code === 46 || code === 43 || code === MINUS || code === 101 || code === 69;
}

function isSpace(code: number | undefined): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}
