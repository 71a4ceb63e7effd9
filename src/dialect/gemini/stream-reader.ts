/** A provider's `streamGenerateContent`: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent */
import { GatewayError } from "../../errors.ts";
import { asCount, asObject, asString, type Json, type JsonObject, parseObject } from "../../lib/json.ts";
import { JsonArrayParser } from "../../lib/json-array-stream.ts";
import { SseParser } from "../../lib/sse.ts";
import { MAX_CHOICES } from "../choice-index.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import { KeptChars, KeptMembers } from "../kept-members.ts";
import { PartTracker } from "../part-tracker.ts";
import { CandidateReader } from "./candidate-reader.ts";
import { readStatus } from "./errors.ts";
import { blockedFinish } from "./finish.ts";
import { readTime } from "./read-answer.ts";
import { readUsage } from "./usage.ts";

const BOM = [0xef, 0xbb, 0xbf];
const OPEN_BRACKET = 91;

/** Members of a chunk that are read. */
const CHUNK_FIELDS = new Set(["candidates", "usageMetadata", "modelVersion", "responseId", "createTime"]);

/**
 * Reads chunks as SSE or as elements of one JSON array, whichever comes. A chunk is a `GenerateContentResponse` that holds what is
 * new. The stream has no end of its own: it is whole when every candidate has its `finishReason`, or the prompt was blocked.
 * Finishes are told when the body ends, because chunks may follow the reason.
 */
export class GeminiStreamReader implements StreamReader {
  #sse: SseParser | null = null;
  #array: JsonArrayParser | null = null;
  /** Bytes of a BOM seen at the very start. */
  #bomBytes = 0;
  #sink: EventSink = ignore;
  readonly #tracker = new PartTracker();
  readonly #candidates: (CandidateReader | undefined)[] = [];
  #hasStarted = false;
  #hasFailed = false;
  #blockReason: string | null = null;
  readonly #kept = new KeptChars();
  readonly #usage = new KeptMembers(this.#kept);
  readonly #extra = new KeptMembers(this.#kept);

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#sink = sink;
    const rest = this.#sse === null && this.#array === null ? this.#chooseFraming(bytes) : bytes;
    this.#sse?.push(rest, this.#onEvent);
    this.#array?.push(rest, this.#onElement);
  }

  end(sink: EventSink): void {
    this.#sink = sink;
    this.#sse?.end(this.#onEvent);
    if (this.#hasFailed || !this.#hasStarted) return;
    let isWhole = this.#blockReason !== null;
    let seen = 0;
    for (const candidate of this.#candidates) {
      if (candidate === undefined) continue;
      seen++;
      const isFinished = candidate.finish(sink);
      isWhole = seen === 1 ? isFinished : isWhole && isFinished;
    }
    if (seen === 0 && this.#blockReason !== null) {
      sink({ kind: "finish", choice: 0, finish: blockedFinish(this.#blockReason), extra: null });
    }
    if (isWhole) sink({ kind: "message-end", extra: this.#extra.members });
  }

  readonly #onEvent = (_type: string, data: string): void => this.#onElement(data);

  readonly #onElement = (text: string): void => {
    if (this.#hasFailed) return;
    const chunk = parseObject(text);
    if (chunk === null) {
      throw new GatewayError("upstream_error", "The provider's stream holds an event that is no JSON object.", {
        upstreamType: "protocol",
      });
    }
    this.#readChunk(chunk, text.length);
  };

  /** SSE or an array: the first byte that is no white space says it. Returns what is left to read. */
  #chooseFraming(bytes: Uint8Array): Uint8Array {
    let at = 0;
    while (at < bytes.length) {
      const code = bytes[at] as number;
      if (this.#bomBytes < BOM.length && code === BOM[this.#bomBytes]) this.#bomBytes++;
      else if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
      at++;
    }
    if (at === bytes.length) return bytes.subarray(at);
    if (bytes[at] === OPEN_BRACKET) this.#array = new JsonArrayParser();
    else this.#sse = new SseParser();
    return at === 0 ? bytes : bytes.subarray(at);
  }

  #readChunk(chunk: JsonObject, chars: number): void {
    const sink = this.#sink;
    const error = asObject(chunk["error"]);
    if (error !== null) {
      this.#hasFailed = true;
      sink({ kind: "error", error: readStatus(asCount(error["code"]) ?? 500, error, "", null) });
      return;
    }
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      sink({
        kind: "message-start",
        id: asString(chunk["responseId"]),
        model: asString(chunk["modelVersion"]),
        createdAt: readTime(chunk["createTime"]),
        serviceTier: null,
        // To the microsecond, which `createdAt` is not.
        extra: chunk["createTime"] === undefined ? null : { createTime: chunk["createTime"] },
      });
    }
    const candidates = chunk["candidates"];
    if (Array.isArray(candidates)) {
      for (let position = 0; position < candidates.length; position++) {
        const candidate = asObject(candidates[position]);
        if (candidate === null) continue;
        const index = asCount(candidate["index"]);
        this.#candidate(Number.isInteger(index) ? (index as number) : position).read(candidate, chars, sink);
      }
    }
    for (const key in chunk) if (!CHUNK_FIELDS.has(key)) this.#keep(key, chunk[key] as Json, chars);
    const usage = asObject(chunk["usageMetadata"]);
    if (usage !== null) sink({ kind: "usage", usage: readUsage(this.#mergeUsage(usage, chars)) });
  }

  /** What a later chunk does not say again stays as it was said. */
  #mergeUsage(usage: JsonObject, chars: number): JsonObject {
    for (const key in usage) this.#usage.set(key, usage[key] as Json, chars);
    return { ...this.#usage.members };
  }

  #candidate(index: number): CandidateReader {
    if (index >= MAX_CHOICES) {
      throw new GatewayError("upstream_error", `The provider sent a candidate of index ${index}.`, {
        upstreamType: "protocol",
      });
    }
    return (this.#candidates[index] ??= new CandidateReader(index, this.#tracker, this.#kept));
  }

  #keep(key: string, value: Json, chars: number): void {
    this.#extra.set(key, value, chars);
    if (key === "promptFeedback") this.#blockReason = asString(asObject(value)?.["blockReason"]) ?? this.#blockReason;
  }
}

function ignore(): void {
  // Nobody listens before the first push.
}
