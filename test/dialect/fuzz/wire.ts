/** Streams as bytes, good and broken, and what must hold of the streams we write. */
import type { DialectId, NeutralEvent } from "../../../src/dialect/neutral.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import type { Random } from "../../instruments/random.ts";
import { subjectOf } from "../corpus/dialects.ts";
import { readJsonArrayFrames, readSseTexts, writeEventStreamFrame } from "../corpus/oracle/frames.ts";
import { count, list, object, text, type WireEvent } from "../corpus/oracle/oracle.ts";
import { findBrokenRules } from "../corpus/oracle/stream-rules.ts";
import { type Material, mutate, writeJson } from "./mutate.ts";

/** Events of a good stream made hostile: some of them changed, dropped, doubled, out of order, or of another stream. */
export function mutateEvents(
  events: readonly Json[],
  others: readonly (readonly Json[])[],
  random: Random,
  material: Material,
): Json[] {
  let changed: Json[] = [...events];
  const moves = random.pick([0, 0, 1, 1, 2, 3, 5]);
  for (let move = 0; move < moves; move += 1) {
    const at = random.below(changed.length + 1);
    switch (random.below(8)) {
      case 0:
      case 1:
        changed.splice(at, random.pick([1, 1, 2, 5]));
        break;
      case 2:
        if (changed.length > 0) changed.splice(at, 0, random.pick(changed));
        break;
      case 3:
        changed.splice(at, 0, random.pick(random.pick(others)));
        break;
      case 4:
        changed = changed.slice(0, at);
        break;
      case 5: {
        const [taken] = changed.splice(Math.min(at, changed.length - 1), 1);
        if (taken !== undefined) changed.splice(random.below(changed.length + 1), 0, taken);
        break;
      }
      case 6:
        changed.push(...changed.slice(0, at));
        break;
      default:
        changed.reverse();
    }
  }
  const isChanged = moves === 0 || random.chance(0.7);
  const mutated = isChanged ? mutate(changed, random, material) : changed;
  return Array.isArray(mutated) ? (mutated as Json[]) : [mutated];
}

/** In the framing of the API, which may be odd itself, or broken. */
export function encodeHostile(events: readonly Json[], dialect: DialectId, random: Random): Buffer {
  const bytes = encode(events, dialect, random);
  if (random.chance(0.9) || bytes.length === 0) return bytes;
  if (random.chance(0.5)) return bytes.subarray(0, random.below(bytes.length));
  const broken = Buffer.from(bytes);
  for (let flip = 0; flip < 3; flip += 1) broken[random.below(broken.length)] = random.below(256);
  return broken;
}

function encode(events: readonly Json[], dialect: DialectId, random: Random): Buffer {
  // A string stands for an event's data as it is: `[DONE]`, or what is no JSON.
  const textOf = (event: Json): string =>
    typeof event === "string" ? event.replaceAll(/[\r\n]/g, " ") : writeJson(event);
  switch (dialect) {
    case "bedrock-converse":
      return Buffer.concat(events.flatMap((event) => encodeMessages(event, random)));
    case "ollama":
      return Buffer.from(events.map((event) => `${textOf(event)}\n`).join(""));
    default: {
      if (dialect === "gemini" && random.chance(0.3)) return Buffer.from(`[${events.map(textOf).join(",\r\n")}]`);
      const end = random.pick(["\n", "\n", "\n", "\r\n", "\r"]);
      const named = dialect !== "openai-chat" && dialect !== "gemini" && random.chance(0.8);
      return Buffer.from(
        events
          .map((event) => {
            const type = typeof event === "object" && event !== null ? (event as JsonObject)["type"] : undefined;
            const name = named && typeof type === "string" ? `event: ${type.replaceAll(/[\r\n]/g, "")}${end}` : "";
            return `${name}data: ${textOf(event)}${end}${end}`;
          })
          .join(""),
      );
    }
  }
}

const MAX_HEADER_BYTES = 60_000;

function encodeMessages(event: Json, random: Random): Buffer[] {
  const entries: [string, Json | undefined][] =
    typeof event === "object" && event !== null && !Array.isArray(event) ? Object.entries(event) : [["", event]];
  return entries.map(([name, payload = null]) => {
    const isException = name.startsWith("exception:") || random.chance(0.01);
    const type = Buffer.from(name.replace("exception:", "")).toString("utf8").slice(0, MAX_HEADER_BYTES);
    const headers: Record<string, string> = isException
      ? { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" }
      : { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
    if (random.chance(0.01)) headers[":message-type"] = random.pick(["error", "", "__proto__"]);
    return writeEventStreamFrame(headers, typeof payload === "string" ? payload : writeJson(payload));
  });
}

/** In pieces of any size. */
export function cutRandomly(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.pick([3, 40, 1_000, 100_000]);
  for (let at = 0; at < bytes.length;) {
    const size = random.between(1, most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** What is wrong with a stream we wrote, whether it ended well or with an error. */
export function judgeWritten(dialect: DialectId, written: Buffer, hasEnd: boolean, contentType: string): string[] {
  let frames: WireEvent[];
  try {
    frames = readWritten(dialect, written, contentType);
  } catch (error) {
    return [`writes what is no stream: ${String(error).slice(0, 100)}`];
  }
  if (!hasEnd) return findEndMark(dialect, frames, written);
  return findBrokenRules(dialect, frames, written).map((rule) => `breaks a rule: ${rule}`);
}

function readWritten(dialect: DialectId, written: Buffer, contentType: string): WireEvent[] {
  if (dialect === "gemini" && contentType.startsWith("application/json")) return readJsonArrayFrames(written);
  if (contentType.startsWith("text/event-stream")) {
    for (const { data } of readSseTexts(written)) if (data !== "[DONE]") JSON.parse(data);
  }
  return subjectOf(dialect).oracle.readFrames(written);
}

/** An end in a stream that had none is the worst that a gateway can say. */
function findEndMark(dialect: DialectId, frames: readonly WireEvent[], written: Buffer): string[] {
  const has = (isEnd: (event: WireEvent) => boolean): string[] =>
    frames.some(isEnd) ? ["ends a stream that never ended"] : [];
  const typed = (...types: readonly string[]) => has(({ data }) => types.includes(text(data["type"])));
  switch (dialect) {
    case "openai-chat":
      return /^data: \[DONE\]/m.test(written.toString("utf8")) ? ["ends a stream that never ended"] : [];
    case "openai-responses":
      return typed("response.completed", "response.incomplete");
    case "anthropic-messages":
      return typed("message_stop");
    case "gemini":
      return has(({ data }) => list(data["candidates"]).some((each) => text(object(each)["finishReason"]) !== ""));
    case "bedrock-converse":
      return has(({ type }) => type === "metadata");
    case "cohere":
      return has(({ data }) => data["type"] === "message-end" && object(data["delta"])["error"] === undefined);
    case "ollama":
      return has(({ data }) => data["done"] === true);
    default:
      return dialect satisfies never;
  }
}

/** What is wrong with an event itself; null where nothing is. Writers put these values into JSON and numbers into lists. */
export function judgeEvent(event: NeutralEvent): string | null {
  if ("choice" in event && !isIndex(event.choice, 128)) return `${event.kind} of choice ${event.choice}`;
  if ("part" in event && !isIndex(event.part, 1_000_000)) return `${event.kind} of part ${event.part}`;
  for (const name of ["text", "data", "transcript"] as const) {
    const value = (event as { readonly [name: string]: unknown })[name];
    if (value !== undefined && typeof value !== "string") return `${event.kind} whose ${name} is ${typeof value}`;
  }
  switch (event.kind) {
    case "usage":
      return judgeUsage(event.usage);
    case "message-start":
      return judgeHead(event);
    case "error":
      return judgeError(event.error);
    default:
      return null;
  }
}

function isIndex(value: unknown, below: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < below;
}

export function judgeHead(head: {
  readonly id: unknown;
  readonly model: unknown;
  readonly createdAt: unknown;
}): string | null {
  for (const name of ["id", "model"] as const) {
    if (head[name] !== null && typeof head[name] !== "string") return `${name} is ${typeof head[name]}`;
  }
  const { createdAt } = head;
  return createdAt === null || (typeof createdAt === "number" && Number.isFinite(createdAt))
    ? null
    : `createdAt is ${String(createdAt)}`;
}

export function judgeUsage(usage: object): string | null {
  for (const [name, value] of Object.entries(usage)) {
    if (name === "extra" || value === null || count(value) !== null) continue;
    return `usage.${name} is ${String(value)}`;
  }
  return null;
}

const CODE = /^[a-z_]{5,30}$/;
const MAX_MESSAGE_CHARS = 16_384;

/** Whether an error can be told to a caller of any dialect. */
export function judgeError(error: {
  readonly code: unknown;
  readonly status: unknown;
  readonly message: unknown;
  readonly param: unknown;
  readonly detail: unknown;
  readonly retryAfterSeconds: unknown;
}): string | null {
  const { code, status, message, param, detail, retryAfterSeconds } = error;
  if (typeof code !== "string" || !CODE.test(code)) return `an error's code is ${String(code).slice(0, 60)}`;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 400 || status > 599)
    return `an error's status is ${String(status).slice(0, 60)}`;
  if (typeof message !== "string" || message === "") return `an error's message is ${JSON.stringify(message)}`;
  if (message.length > MAX_MESSAGE_CHARS) return `an error's message has ${message.length} characters`;
  if (param !== null && typeof param !== "string") return `an error's param is ${typeof param}`;
  if (detail !== null && typeof detail !== "string") return `an error's detail is ${typeof detail}`;
  if (
    retryAfterSeconds !== null &&
    !(typeof retryAfterSeconds === "number" && retryAfterSeconds >= 0 && retryAfterSeconds < 1e9)
  ) {
    return `an error's retryAfterSeconds is ${String(retryAfterSeconds)}`;
  }
  return null;
}
