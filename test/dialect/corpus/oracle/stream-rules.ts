/** Rules that a stream of each API keeps and its SDKs rely on: what we write must keep them too. */
import type { DialectId } from "../../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { count, isObject, list, object, text, type WireEvent } from "./oracle.ts";

/** What is wrong with a stream that ended well; nothing where all is. `body` is the stream's text. */
export function findBrokenRules(dialect: DialectId, events: readonly WireEvent[], body: Buffer): string[] {
  switch (dialect) {
    case "openai-chat":
      return checkChat(events, body);
    case "openai-responses":
      return checkResponses(events);
    case "anthropic-messages":
      return checkBlocks(events, {
        typeOf: ({ data }) => text(data["type"]),
        start: ["content_block_start"],
        delta: ["content_block_delta"],
        stop: ["content_block_stop"],
        indexOf: ({ data }) => count(data["index"]) ?? -1,
        order: ["message_start", "message_delta", "message_stop"],
        isSequential: true,
      });
    case "bedrock-converse":
      return checkBlocks(events, {
        typeOf: ({ type }) => type,
        // Text and reasoning begin without a start of their own.
        start: ["contentBlockStart"],
        delta: ["contentBlockDelta"],
        stop: ["contentBlockStop"],
        indexOf: ({ data }) => count(data["contentBlockIndex"]) ?? -1,
        order: ["messageStart", "messageStop"],
        isSequential: false,
      });
    case "cohere":
      return checkBlocks(events, {
        typeOf: ({ data }) => text(data["type"]),
        start: ["content-start", "tool-call-start", "citation-start"],
        delta: ["content-delta", "tool-call-delta"],
        stop: ["content-end", "tool-call-end", "citation-end"],
        // Content, calls and citations are counted each for themselves.
        indexOf: ({ data }) =>
          (count(data["index"]) ?? -1) +
          1000 * ["content", "tool-call", "citation"].findIndex((kind) => text(data["type"]).startsWith(kind)),
        order: ["message-start", "message-end"],
        isSequential: false,
      });
    case "gemini":
      return events.every(({ data }) => data["error"] === undefined) ? [] : ["an error in a stream that ended well"];
    case "ollama":
      return checkOllama(events);
    default:
      return dialect satisfies never;
  }
}

function checkChat(events: readonly WireEvent[], body: Buffer): string[] {
  const broken: string[] = [];
  if (!body.toString("latin1").trimEnd().endsWith("data: [DONE]")) broken.push("no [DONE] at the end");
  const ids = new Set(events.map(({ data }) => data["id"]));
  if (ids.size > 1) broken.push("chunks of several ids");
  for (const { data } of events) {
    if (data["object"] !== "chat.completion.chunk") broken.push("a chunk of another object");
    if (!Array.isArray(data["choices"])) broken.push("a chunk without choices");
    for (const choice of list(data["choices"])) {
      if (!isObject(object(choice)["delta"])) broken.push("a choice without a delta");
    }
  }
  const [first] = list(events[0]?.data["choices"]);
  if (first !== undefined && object(object(first)["delta"])["role"] !== "assistant")
    broken.push("no role in the first chunk");
  return [...new Set(broken)];
}

type BlockRules = {
  readonly typeOf: (event: WireEvent) => string;
  readonly start: readonly string[];
  readonly delta: readonly string[];
  readonly stop: readonly string[];
  readonly indexOf: (event: WireEvent) => number;
  /** Each of these once, in this order. */
  readonly order: readonly string[];
  /** Blocks come one after the other and every one has a start. */
  readonly isSequential: boolean;
};

function checkBlocks(events: readonly WireEvent[], rules: BlockRules): string[] {
  const broken: string[] = [];
  const open = new Set<number>();
  let next = 0;
  const marks: string[] = [];
  for (const event of events) {
    const type = rules.typeOf(event);
    const index = rules.indexOf(event);
    if (rules.order.includes(type)) marks.push(type);
    if (rules.start.includes(type)) {
      if (rules.isSequential && open.size > 0) broken.push("a block begins before the last one ended");
      if (rules.isSequential && index !== next) broken.push("a block out of order");
      if (open.has(index)) broken.push("a block begins twice");
      next = index + 1;
      open.add(index);
    } else if (rules.delta.includes(type)) {
      if (rules.isSequential && !open.has(index)) broken.push("a delta outside its block");
      open.add(index);
    } else if (rules.stop.includes(type) && !open.delete(index)) broken.push("a block ends that was not open");
  }
  if (open.size > 0) broken.push("a block that never ends");
  if (marks.join() !== rules.order.join()) broken.push(`marks: ${marks.join(", ")}`);
  return [...new Set(broken)];
}

const TERMINAL = ["response.completed", "response.incomplete", "response.failed"];

function checkResponses(events: readonly WireEvent[]): string[] {
  const broken: string[] = [];
  const types = events.map(({ data }) => text(data["type"]));
  if (types[0] !== "response.created") broken.push("response.created does not come first");
  if (!TERMINAL.includes(types.at(-1) ?? "")) broken.push("the last event is no end");
  const items = new Map<number, { id: string; isDone: boolean; texts: Map<string, string> }>();
  for (const [position, { type, data }] of events.entries()) {
    if (type !== data["type"]) broken.push("an event whose name is not its type");
    if (data["sequence_number"] !== position) broken.push("sequence numbers that do not count from 0");
    const index = count(data["output_index"]);
    if (index === null) continue;
    if (data["type"] === "response.output_item.added") {
      if (index !== items.size) broken.push("an item out of order");
      items.set(index, { id: text(object(data["item"])["id"]), isDone: false, texts: new Map() });
      continue;
    }
    const item = items.get(index);
    if (item === undefined || item.isDone) {
      broken.push("an event of an item that is not open");
      continue;
    }
    if (data["type"] === "response.output_item.done") item.isDone = true;
    else if (data["item_id"] !== item.id) broken.push("an event with another item's id");
    checkWhole(item.texts, data, broken);
  }
  if ([...items.values()].some(({ isDone }) => !isDone)) broken.push("an item that is never done");
  const last = object(events.at(-1)?.data["response"]);
  const byIndex = (event: WireEvent): number => count(event.data["output_index"]) ?? -1;
  const doneItems = events
    .filter(({ data }) => data["type"] === "response.output_item.done")
    .toSorted((one, other) => byIndex(one) - byIndex(other))
    .map(({ data }) => data["item"]);
  if (JSON.stringify(last["output"]) !== JSON.stringify(doneItems))
    broken.push("the last event's output is not the items that were done");
  return [...new Set(broken)];
}

/** A `.done` event says the whole of what its deltas said. */
function checkWhole(texts: Map<string, string>, data: JsonObject, broken: string[]): void {
  const type = text(data["type"]);
  const place = `${count(data["content_index"]) ?? count(data["summary_index"]) ?? 0}`;
  if (type.endsWith(".delta") && typeof data["delta"] === "string") {
    const key = `${type.slice(0, -6)} ${place}`;
    texts.set(key, (texts.get(key) ?? "") + data["delta"]);
  } else if (type.endsWith(".done") && !type.endsWith("_part.done") && !type.endsWith("item.done")) {
    const whole = data["text"] ?? data["arguments"] ?? data["input"] ?? data["refusal"];
    if (typeof whole === "string" && whole !== (texts.get(`${type.slice(0, -5)} ${place}`) ?? "")) {
      broken.push(`${type} says something else than its deltas`);
    }
  }
}

function checkOllama(events: readonly WireEvent[]): string[] {
  const broken: string[] = [];
  const ends = events.filter(({ data }) => data["done"] === true);
  if (ends.length !== 1 || events.at(-1) !== ends[0]) broken.push("done is not said once, at the end");
  if (events.some(({ data }) => typeof data["created_at"] !== "string")) broken.push("a line without created_at");
  return broken;
}
