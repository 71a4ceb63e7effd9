import { GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asArray, asObject, asString } from "../../lib/json.ts";
import { SseParser } from "../../lib/sse.ts";
import { MAX_CHOICES } from "../choice-index.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import { KeptChars, KeptMembers } from "../kept-members.ts";
import type { NeutralEvent } from "../neutral.ts";
import { PartTracker } from "../part-tracker.ts";
import { readUnixTime } from "../unix-time.ts";
import { readCitationList } from "./citations.ts";
import { withForm } from "./form.ts";
import { isError, readErrorEvent } from "./read-error.ts";
import { StreamChoice } from "./stream-choice.ts";
import { usageOf } from "./usage.ts";

/** `obfuscation` and `p` are random padding (https://platform.openai.com/docs/api-reference/chat-streaming); `object` is what it is. */
const NO_EXTRA: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "error",
  "obfuscation",
  "p",
]);
/** Lists that grow from chunk to chunk (Perplexity): the last one counts. */
const LATE: ReadonlySet<string> = new Set(["citations", "search_results"]);
const NEVER_LATE: ReadonlySet<string> = new Set(["choices", "usage", "error", "obfuscation", "p"]);
const OBJECTS: ReadonlySet<Json> = new Set(["chat.completion.chunk", "text_completion"]);

/**
 * Reads a stream of chat or legacy completions. The end is `[DONE]`, or, where a provider sends none (Cerebras, Perplexity), that
 * every choice seen has its finish reason. Finishes, usage and the end are told together there: a few providers say more after the
 * finish reason, and usage anywhere.
 */
export class ChatStreamReader implements StreamReader {
  readonly #parser = new SseParser();
  readonly #tracker = new PartTracker();
  readonly #choices: (StreamChoice | undefined)[] = [];
  #hasStarted = false;
  #isOver = false;
  #usage: JsonObject | null = null;
  /** Members of chunks before the one that starts the message (Azure's filter results of the prompt). */
  readonly #kept = new KeptChars();
  readonly #early = new KeptMembers(this.#kept);
  #first: JsonObject = {};
  readonly #late = new KeptMembers(this.#kept);
  #sink: EventSink = ignore;
  readonly #onEvent = (type: string, data: string): void => this.#read(type, data);

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#sink = sink;
    this.#parser.push(bytes, this.#onEvent);
  }

  end(sink: EventSink): void {
    this.#sink = sink;
    this.#parser.end(this.#onEvent);
    if (this.#isOver) return;
    const choices = this.#choices.filter((choice) => choice !== undefined);
    if (choices.length > 0 && choices.every(({ hasFinish }) => hasFinish)) this.#finish();
    else this.#tellUsage();
    this.#isOver = true;
  }

  #read(type: string, data: string): void {
    if (this.#isOver) return;
    if (data.charCodeAt(0) !== 123) {
      const text = data.trim();
      if (text === "[DONE]") this.#finish();
      else if (text !== "" && !text.startsWith("{")) throw noJson(text);
      else if (text !== "") this.#readChunk(type, text);
      return;
    }
    this.#readChunk(type, data);
  }

  #readChunk(type: string, data: string): void {
    let chunk: JsonObject | null;
    try {
      chunk = asObject(JSON.parse(data));
    } catch {
      // what was in it is lost, and the answer not whole
      throw noJson(data);
    }
    if (chunk === null) throw noJson(data);
    const choices = chunk["choices"];
    const usage = chunk["usage"];
    if (usage !== undefined && usage !== null) this.#usage = asObject(usage) ?? this.#usage;
    if (
      type === "error" ||
      (chunk["error"] !== undefined && isError(chunk)) ||
      (choices === undefined && isError(chunk))
    ) {
      this.#fail(chunk);
      return;
    }
    const list = asArray(choices);
    const chars = data.length;
    if (!this.#hasStarted && !this.#start(chunk, list.length > 0, chars)) return;
    if (list.length === 0) this.#keepLate(chunk, chars);
    for (let position = 0; position < list.length; position++)
      this.#readChoice(list[position] as Json, position, chunk, chars);
    if (chunk["x_groq"] !== undefined) this.#usage = asObject(asObject(chunk["x_groq"])?.["usage"]) ?? this.#usage;
  }

  #readChoice(value: Json, position: number, chunk: JsonObject, chars: number): void {
    const choice = asObject(value);
    if (choice === null) return;
    const given = choice["index"];
    const index = typeof given === "number" && Number.isInteger(given) && given >= 0 ? given : position;
    if (index >= MAX_CHOICES) return;
    const state = (this.#choices[index] ??= new StreamChoice(index, this.#tracker, this.#kept));
    if (state.read(choice, chars, this.#sink)) this.#keepLate(chunk, chars);
    // Moonshot says usage there: https://platform.moonshot.ai/docs/api/chat
    if (choice["usage"] !== undefined) this.#usage = asObject(choice["usage"]) ?? this.#usage;
  }

  /** The first chunk that is one of the message: it has a choice, or an id and so belongs to it. */
  #start(chunk: JsonObject, hasChoice: boolean, chars: number): boolean {
    const id = asString(chunk["id"]);
    const extra = this.#early;
    for (const key in chunk) {
      const value = chunk[key];
      if (value !== null && value !== undefined && !NO_EXTRA.has(key) && !LATE.has(key)) extra.set(key, value, chars);
    }
    if (!hasChoice && (id === null || id === "") && chunk["usage"] === undefined) return false;
    for (const key of ["id", "service_tier"]) if (chunk[key] === "") extra.set(key, "", 0);
    this.#hasStarted = true;
    this.#first = chunk;
    const tier = asString(chunk["service_tier"]);
    const event: NeutralEvent = {
      kind: "message-start",
      id: id === "" ? null : id,
      model: asString(chunk["model"]),
      createdAt: readUnixTime(chunk["created"]),
      serviceTier: tier === "" ? null : tier,
      extra: extra.members,
    };
    this.#sink(chunk["object"] === undefined ? withForm(event, { lacks: ["object"] }) : event);
    return true;
  }

  /** Members that come with a finish or with the usage, and those of the first chunk that have changed. */
  #keepLate(chunk: JsonObject, chars: number): void {
    for (const key in chunk) {
      const value = chunk[key];
      if (value === null || value === undefined || NEVER_LATE.has(key)) continue;
      if (value === this.#first[key] || OBJECTS.has(value)) continue;
      this.#late.set(key, value, chars);
    }
    const citations = chunk["citations"];
    if (citations === undefined || citations === null) return;
    const list = readCitationList(citations, chunk["search_results"]);
    for (const choice of this.#choices) choice?.cite(list);
  }

  #tellUsage(): void {
    const usage = this.#usage === null ? null : usageOf(this.#usage);
    if (usage !== null && this.#hasStarted) this.#sink({ kind: "usage", usage });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#hasStarted) this.#start({}, true, 0);
    for (const choice of this.#choices) choice?.finish(this.#sink);
    this.#tellUsage();
    this.#sink({ kind: "message-end", extra: this.#late.members });
  }

  #fail(chunk: JsonObject): void {
    this.#isOver = true;
    this.#tellUsage();
    this.#sink({ kind: "error", error: readErrorEvent(chunk) });
  }
}

function ignore(): void {
  // before the first push there is nobody to tell
}

function noJson(data: string): GatewayError {
  return new GatewayError("upstream_error", "The provider sent an event that is no JSON object.", {
    upstreamType: "protocol",
    cause: data.slice(0, 200),
  });
}
