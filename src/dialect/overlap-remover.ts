import { gatherText } from "../lib/gather-text.ts";

/** How far back a repetition may begin. Beside that only at the very beginning: a model that begins anew begins there. */
const WINDOW_CHARS = 1024;
/** An exact repetition of so many characters is no coincidence, wherever it begins. */
const SURE_CHARS = 8;
/** White space and dots before a repetition; more is not looked through. */
const MAX_LEAD_CHARS = 64;

/**
 * Takes from a text's continuation what it repeats of the text: the longest end of the text that the continuation begins with, to
 * the letter. Its pieces are held back only as long as it agrees with the text, so that never more is held than the text is long.
 *
 * One or two equal letters are chance ("hel" + "lo"), so a short repetition counts only where models make them: the broken word
 * begun again ("the capi" + "capital"), the last line, or everything. A longer one counts behind white space or an ellipsis too.
 * The opening of a code block that is open already is taken out where it is repeated exactly.
 *
 * What cannot be known: in a text that consists of repetitions ("0, 0, 0, ") nobody can tell one that is meant from one that is
 * not. The longest is taken out there too.
 */
export class OverlapRemover {
  readonly #plain: Matcher;
  readonly #behindLead: Matcher;
  /** The opening line of the code block that is open, until it is known whether it is repeated; "" for none. */
  #fence: string;
  #held = "";
  #isDecided: boolean;

  constructor(text: string) {
    this.#isDecided = text === "";
    this.#fence = openFence(text);
    this.#plain = new Matcher(text, true);
    this.#behindLead = new Matcher(text, false);
  }

  /** The next piece of the continuation; gives what can go out. */
  push(piece: string): string {
    if (this.#isDecided) return piece;
    this.#held = gatherText(this.#held, piece);
    return this.#decide(false);
  }

  /** The continuation has ended: what was still held. */
  end(): string {
    return this.#isDecided ? "" : this.#decide(true);
  }

  #decide(isEnd: boolean): string {
    const fence = this.#fence;
    if (fence !== "") {
      if (!isEnd && this.#held.length < fence.length && fence.startsWith(this.#held)) return "";
      if (this.#held.startsWith(fence)) this.#held = this.#held.slice(fence.length);
      this.#fence = "";
    }
    const held = this.#held;
    this.#plain.read(held, 0);
    if (!isEnd && !this.#plain.isDecided) return "";
    if (this.#plain.length > 0) return this.#give(this.#plain.length);
    const lead = leadOf(held);
    if (lead === null && !isEnd) return "";
    if (lead === null || lead === 0) return this.#give(0);
    this.#behindLead.read(held, lead);
    if (!isEnd && !this.#behindLead.isDecided) return "";
    return this.#give(this.#behindLead.length === 0 ? 0 : lead + this.#behindLead.length);
  }

  #give(from: number): string {
    const text = this.#held.slice(from);
    this.#isDecided = true;
    this.#held = "";
    return text;
  }
}

/** Follows every place of the text at which the continuation may have begun to repeat it. */
class Matcher {
  /** Of the longest repetition that is complete; 0 for none. */
  length = 0;
  readonly #text: string;
  readonly #takesShort: boolean;
  /** Places that agree so far, the longest repetition first; null before the first character. */
  #places: number[] | null = null;
  #read = 0;

  constructor(text: string, takesShort: boolean) {
    this.#text = text;
    this.#takesShort = takesShort;
  }

  get isDecided(): boolean {
    return this.#places?.length === 0;
  }

  /** Reads on in `held`, which begins `skipped` characters before what is compared. */
  read(held: string, skipped: number): void {
    const piece = held.slice(skipped + this.#read);
    if (piece === "") return;
    this.#places ??= this.#placesOf(piece.charCodeAt(0));
    const left: number[] = [];
    for (const place of this.#places) {
      const at = place + this.#read;
      const missing = this.#text.length - at;
      if (missing > piece.length) {
        if (this.#text.startsWith(piece, at)) left.push(place);
      } else if (piece.startsWith(this.#text.slice(at))) {
        this.length = Math.max(this.length, this.#text.length - place);
      }
    }
    this.#read += piece.length;
    const shortest = this.#text.length - this.length;
    this.#places = left.filter((place) => place < shortest);
  }

  #placesOf(first: number): number[] {
    const text = this.#text;
    const from = Math.max(0, text.length - WINDOW_CHARS);
    let lastWord = text.length - 1;
    while (lastWord >= from && !isWordAt(text, lastWord)) lastWord--;
    const places: number[] = [];
    if (from > 0 && text.charCodeAt(0) === first) places.push(0);
    for (let place = from; place < text.length; place++) {
      if (text.charCodeAt(place) === first && this.#mayBegin(place, lastWord)) places.push(place);
    }
    return places;
  }

  #mayBegin(place: number, lastWord: number): boolean {
    const text = this.#text;
    const length = text.length - place;
    // Half a character at the end waits for its other half.
    if (place === 0 || (length === 1 && isHighSurrogate(text.charCodeAt(place)))) return true;
    // Space and signs alone ("---", "    ") are as often meant as repeated.
    if (place > lastWord) return false;
    if (length >= SURE_CHARS) return true;
    if (!this.#takesShort) return false;
    if (text.charCodeAt(place - 1) === 10) return true;
    return lastWord === text.length - 1 && isWordAt(text, place) && !isWordAt(text, place - 1);
  }
}

/** How many characters of white space, with one ellipsis among them at most, it begins with; null while that is all there is. */
function leadOf(held: string): number | null {
  let end = 0;
  while (end < held.length && end <= MAX_LEAD_CHARS && /[\s.…]/.test(held[end] as string)) end++;
  if (end === held.length && end <= MAX_LEAD_CHARS) return null;
  if (end > MAX_LEAD_CHARS) return 0;
  if (/^\s*(?:…|\.\.\.)?\s*$/.test(held.slice(0, end))) return end;
  return (/^\s*/.exec(held) as RegExpExecArray)[0].length;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;

/**
 * The opening line of the code block (https://spec.commonmark.org/0.31.2/#fenced-code-blocks) in which the text stops; "" where there
 * is none, or where the line names no language and so looks like the block's end.
 */
function openFence(text: string): string {
  let open: { readonly line: string; readonly marks: string } | null = null;
  if (!text.includes("```") && !text.includes("~~~")) return "";
  const lines = text.split("\n");
  lines.pop(); // not complete
  for (const line of lines) {
    const found = FENCE.exec(line);
    if (found === null) continue;
    const [, marks = "", info = ""] = found;
    if (open === null) open = { line: info.trim() === "" ? "" : `${line}\n`, marks };
    else if (marks.startsWith(open.marks) && info.trim() === "") open = null;
  }
  return open?.line ?? "";
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

const WORD = /[\p{L}\p{N}\p{M}_]/u;

function isWordAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) {
    return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
  }
  return WORD.test(text[at] as string);
}
