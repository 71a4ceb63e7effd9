/** What each fake provider's file offers, and what all of them do alike: choose an answer by the model's name. */
import type { AnswerOptions } from "../instruments/answers.ts";
import {
  type ErrorFacts,
  type ErrorKind,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  JSON_TEXT,
  MIDSTREAM_TEXT,
  PLAIN_PIECES,
  PNG_BASE64,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_LOST,
  SMALL_USAGE,
  TOOL_ANSWER,
  TOOL_CALLS,
  TOOL_PARAMETERS,
  TOOL_RESULTS,
  type ToolName,
  USAGE,
  type UsageFacts,
} from "./facts.ts";
import { at, list, textOf } from "./json-path.ts";

/** A request as a fake provider sees it. */
export type FakeRequest = {
  readonly path: string;
  readonly body: unknown;
  readonly header: (name: string) => string | null;
};

export type Call = { readonly id: string | null; readonly name: string; readonly arguments: unknown };

/** What a fake provider says, before it is written in its dialect. */
export type Reply = {
  readonly reasoning: boolean;
  /** Pieces of the text; none where only tools are called. */
  readonly pieces: readonly string[];
  /** `id` null: the dialect's own. */
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly usage: UsageFacts;
};

/** A tool loop's state, read from a request. */
export type ToolTurn = {
  /** Names and JSON schemas of the tools that are offered. */
  readonly tools: readonly { readonly name: string; readonly parameters: unknown }[];
  /** Calls of the last assistant turn. */
  readonly calls: readonly Call[];
  /** Results behind it; `id` or `name` null where the dialect has none. */
  readonly results: readonly { readonly id: string | null; readonly name: string | null; readonly text: string }[];
};

/** How a request asks for JSON of a schema. */
export type AskedSchema =
  | { readonly kind: "field"; readonly schema: unknown }
  /** Through a tool that must be called. */
  | { readonly kind: "tool"; readonly name: string; readonly schema: unknown };

/** Reasoning that an assistant message brings back; `signature` null where it has none. */
export type ReturnedReasoning = { readonly text: string; readonly signature: string | null };

export type ErrorAnswer = ErrorFacts & {
  readonly headers?: AnswerOptions["headers"];
  readonly body: unknown;
};

/** What a request asks for, by its path. */
export type Asked = {
  readonly operation: "generate" | "embed" | "rerank" | "count";
  readonly model: string;
  readonly isStream: boolean;
};

/** One dialect's fake provider: it reads requests as the real API would, and writes answers in its full form. */
export interface FakeDialect {
  readonly id: FakeDialectId;
  /** Path of `base_url`. */
  readonly basePath: string;
  readonly streamType: string;
  /** Throws FakeRefusal for a path or body that the real API would refuse. */
  recognise(request: FakeRequest): Asked;
  readTools(body: unknown): ToolTurn;
  readSchema(body: unknown): AskedSchema | null;
  /** Media type and base64 of every image. */
  readImages(body: unknown): readonly { readonly mediaType: string | null; readonly data: string }[];
  asksForReasoning(body: unknown): boolean;
  /** Reasoning of the last assistant turn; null where it holds none. */
  readReasoning(body: unknown): ReturnedReasoning | null;
  /** Whether an assistant message stands in the request. */
  hasAssistant(body: unknown): boolean;
  writeWhole(reply: Reply, asked: Asked, body: unknown): unknown;
  /** Chunks of the stream. */
  writeStream(reply: Reply, asked: Asked, body: unknown): readonly (string | Uint8Array)[];
  /** A stream that gives the reply's first text and then an error. */
  writeBrokenStream(reply: Reply, asked: Asked, body: unknown): readonly (string | Uint8Array)[];
  readonly errors: Readonly<Record<ErrorKind, ErrorAnswer>>;
  /** The real API's form for a request that is wrong. */
  writeRefusal(message: string): unknown;
  embed?(body: unknown, asked: Asked): unknown;
  rerank?(body: unknown, asked: Asked): unknown;
  count?(body: unknown, asked: Asked): unknown;
}

/** What the real API would refuse. */
export class FakeRefusal extends Error {
  override readonly name = "FakeRefusal";
  readonly status: 400 | 404;

  constructor(message: string, status: 400 | 404 = 400) {
    super(message);
    this.status = status;
  }
}

/** Refuses members the real API does not know; providers that ignore them would hide a mistake. */
export function checkMembers(place: string, value: unknown, known: readonly string[]): void {
  for (const name of Object.keys(value as object)) {
    if (!known.includes(name)) throw new FakeRefusal(`unknown member ${place}${name}`);
  }
}

/** Whether a JSON text or object has exactly these members and values. */
export function isSameJson(got: unknown, expected: unknown): boolean {
  return Bun.deepEquals(got, expected);
}

const reply = (fields: Partial<Reply>): Reply => ({
  reasoning: false,
  pieces: [],
  calls: [],
  usage: SMALL_USAGE,
  ...fields,
});

/** What a fake provider says to a request; throws FakeRefusal where the request is not what the scenario needs. */
export function chooseReply(dialect: FakeDialect, asked: Asked, body: unknown, signature: string | null): Reply {
  switch (asked.model) {
    case "plain":
    case "stream":
      return reply({ pieces: PLAIN_PIECES });
    case "usage":
      return reply({ pieces: PLAIN_PIECES, usage: USAGE });
    case "error-midstream":
      return reply({ pieces: [MIDSTREAM_TEXT] });
    case "tools":
      return answerTools(dialect.readTools(body)) ?? reply({ calls: TOOL_CALLS });
    case "reasoning-tools": {
      const answer = answerTools(dialect.readTools(body));
      if (answer === null) return reply({ reasoning: true, calls: TOOL_CALLS });
      const returned = dialect.readReasoning(body);
      checkReturned(returned, signature);
      return { ...answer, pieces: [`${TOOL_ANSWER} ${returned === null ? REASONING_LOST : REASONING_KEPT}`] };
    }
    case "json-schema":
      return answerSchema(dialect.readSchema(body));
    case "image":
      return answerImage(dialect.readImages(body));
    case "reasoning": {
      if (!dialect.asksForReasoning(body)) throw new FakeRefusal("expected a request that asks for reasoning");
      if (!dialect.hasAssistant(body)) return reply({ reasoning: true, pieces: [REASONING_ANSWER] });
      const returned = dialect.readReasoning(body);
      checkReturned(returned, signature);
      return reply({ pieces: [returned === null ? REASONING_LOST : REASONING_KEPT] });
    }
    default:
      throw new FakeRefusal(`no scenario ${JSON.stringify(asked.model)}`);
  }
}

function answerTools({ tools, calls, results }: ToolTurn): Reply | null {
  for (const { name } of TOOL_CALLS) {
    const tool = tools.find((each) => each.name === name);
    if (tool === undefined)
      throw new FakeRefusal(`expected a tool ${name}, got ${tools.map((each) => each.name).join()}`);
    const [member] = Object.keys(TOOL_PARAMETERS[name].properties);
    if (textOf(at(tool.parameters, "properties", member ?? "", "type")).toLowerCase() !== "string") {
      throw new FakeRefusal(`expected ${name}'s parameters to have ${member}, got ${JSON.stringify(tool.parameters)}`);
    }
  }
  if (calls.length === 0 && results.length === 0) return null;
  const shown = JSON.stringify({ calls, results });
  if (calls.length !== 2 || results.length !== 2)
    throw new FakeRefusal(`expected two calls and two results, got ${shown}`);
  for (const [index, { name, arguments: given }] of TOOL_CALLS.entries()) {
    const call = calls[index];
    if (call?.name !== name || !isSameJson(call.arguments, given)) {
      throw new FakeRefusal(`expected call ${index} to be ${name}(${JSON.stringify(given)}), got ${shown}`);
    }
    const own = results.filter((result) => isResultOf(result, call, index, results));
    if (own.length !== 1) throw new FakeRefusal(`expected one result of ${name}, got ${shown}`);
    if (own[0]?.text.includes(TOOL_RESULTS[name as ToolName]) !== true) {
      throw new FakeRefusal(`expected the result of ${name} to say ${TOOL_RESULTS[name as ToolName]}, got ${shown}`);
    }
  }
  return reply({ pieces: [TOOL_ANSWER] });
}

/** By id where the dialect has ids, and by name where it has names; by order where it has neither. */
function isResultOf(result: ToolTurn["results"][number], call: Call, index: number, all: ToolTurn["results"]): boolean {
  if (result.name !== null && result.name !== call.name) return false;
  if (call.id !== null || result.id !== null) return result.id === call.id;
  return result.name !== null || all.indexOf(result) === index;
}

function answerSchema(asked: AskedSchema | null): Reply {
  if (asked === null) throw new FakeRefusal("expected a request for JSON of a schema");
  const typeOf = (property: string) => textOf(at(asked.schema, "properties", property, "type")).toLowerCase();
  if (typeOf("city") !== "string" || !["integer", "number"].includes(typeOf("degrees"))) {
    throw new FakeRefusal(`expected a schema with city and degrees, got ${JSON.stringify(asked.schema)}`);
  }
  if (asked.kind === "field") return reply({ pieces: [JSON_TEXT.slice(0, 9), JSON_TEXT.slice(9)] });
  return reply({ calls: [{ name: asked.name, arguments: JSON_ANSWER }] });
}

function answerImage(images: readonly { readonly mediaType: string | null; readonly data: string }[]): Reply {
  const [image] = images;
  if (images.length !== 1 || image?.data !== PNG_BASE64 || (image.mediaType ?? "image/png") !== "image/png") {
    throw new FakeRefusal(`expected the one PNG of these tests, got ${JSON.stringify(images)}`);
  }
  return reply({ pieces: [IMAGE_TEXT] });
}

function checkReturned(returned: ReturnedReasoning | null, signature: string | null): void {
  if (returned !== null && returned.signature !== signature) {
    throw new FakeRefusal(`Invalid signature: expected ${signature}, got ${JSON.stringify(returned)}`);
  }
}

/** An event of server-sent events. */
export function sse(data: unknown, type?: string): string {
  return `${type === undefined ? "" : `event: ${type}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Media type and data of a `data:` URL. Throws FakeRefusal for any other. */
export function readDataUrl(url: unknown): { readonly mediaType: string; readonly data: string } {
  const match = /^data:([^;,]+);base64,(.*)$/.exec(textOf(url));
  if (match === null) throw new FakeRefusal(`expected a data URL, got ${textOf(url).slice(0, 80)}`);
  return { mediaType: match[1] as string, data: match[2] as string };
}

/** JSON text as a value; FakeRefusal where it is none. */
export function parseArguments(text: unknown): unknown {
  try {
    return JSON.parse(textOf(text));
  } catch {
    throw new FakeRefusal(`expected arguments as JSON text, got ${JSON.stringify(text)}`); // as the real API says it
  }
}

/** Cuts a text into two, for streams of arguments. */
export function halves(text: string): readonly [string, string] {
  return [text.slice(0, 5), text.slice(5)];
}

/** The messages behind the last one of a role. */
export function after(messages: readonly unknown[], isIt: (message: unknown) => boolean): readonly unknown[] {
  return messages.slice(list(messages).findLastIndex(isIt) + 1);
}
