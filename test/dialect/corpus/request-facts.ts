/** What a neutral request asks, in a form in which two dialects' requests can be held against each other. */
import type { NeutralRequest, Part } from "../../../src/dialect/neutral.ts";
import type { Json } from "../../../src/lib/json.ts";
import { canonical } from "./compare-facts.ts";
import { argumentsOf, isObject } from "./oracle/oracle.ts";
import type { Finding } from "./tally.ts";

export type RequestFacts = {
  readonly system: string;
  /** What is said, called and answered, in order: "user: …", "call: name {…}", "result 0: …". */
  readonly turns: readonly string[];
  /** Images, sounds and files, by who showed them: some APIs keep them beside the messages. */
  readonly media: readonly string[];
  readonly tools: readonly string[];
};

const MEDIA: ReadonlySet<Part["kind"]> = new Set(["image", "audio", "video", "file"]);

/** `saysPlan`: what stands beside calls is in a field of its own, read as a summary (Cohere's tool_plan). */
export function factsOfRequest(request: NeutralRequest, saysPlan = false): RequestFacts {
  const system: string[] = [];
  const turns: string[] = [];
  const media: string[] = [];
  const callIds: string[] = [];
  let running: { who: string; text: string } | null = null;
  const close = (): void => {
    if (running !== null && running.text !== "") turns.push(`${running.who}: ${running.text}`);
    running = null;
  };
  const say = (who: string, text: string): void => {
    if (squeeze(text) === "") return;
    if (running?.who !== who) {
      close();
      running = { who, text: "" };
    }
    (running as { text: string }).text += squeeze(text);
  };
  for (const { role, parts } of request.messages) {
    const hasPlan = saysPlan && parts.some(({ kind }) => kind === "tool-call");
    for (const part of parts) {
      if (role === "system" || role === "developer") {
        if (part.kind === "text") system.push(squeeze(part.text));
        continue;
      }
      const isPlan = hasPlan && part.kind === "reasoning" && part.isSummary === true;
      if (part.kind === "text" || part.kind === "refusal" || isPlan) say(role, part.text);
      else if (MEDIA.has(part.kind)) media.push(mediaFact(part));
      else {
        // A tool's images stand beside its result where the API's results are text only.
        if (part.kind === "tool-result")
          media.push(...part.content.filter(({ kind }) => MEDIA.has(kind)).map(mediaFact));
        const turn = turnOf(part, callIds);
        if (turn === null) continue;
        close();
        turns.push(turn);
      }
    }
  }
  close();
  const said = turns.map((turn) => PLACEHOLDERS.reduce((text: string, words) => text.replace(words, ""), turn));
  return {
    system: system.join(""),
    turns: said.filter((turn) => turn !== "user: "),
    media: media.toSorted(),
    tools: request.tools.map(toolFact).toSorted(),
  };
}

/** Calls and results by their order: ids are each API's own. */
function turnOf(part: Part, callIds: string[]): string | null {
  switch (part.kind) {
    case "tool-call": {
      callIds.push(part.id);
      const args = part.isCustom === true ? part.arguments : canonical(argumentsOf(part.arguments));
      return `call: ${part.name} ${args}`;
    }
    case "tool-result": {
      const said = part.content.map((inner) => (inner.kind === "text" ? inner.text : "")).join("");
      // Where no field says that the tool failed, words do.
      const value = unwrap(argumentsOf(said.replace(/^Error:\s*(?!$)/, "")));
      return `result ${callIds.lastIndexOf(part.callId)}: ${canonical(squeezeDeep(value)).replace(/^\{\}$/, "")}`;
    }
    default:
      // Reasoning goes back to its own provider only, native blocks to their own API.
      return null;
  }
}

/** What is shown; what a link or a file's id leads to is not said in every API. */
function mediaFact(part: Part): string {
  return !("source" in part) || part.source.kind === "data" ? part.kind : "link";
}

/** Gemini's results are objects: text stands in `output` or `error` (https://ai.google.dev/api/caching#FunctionResponse). */
function unwrap(value: Json): Json {
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const wrapped = keys.length === 1 ? value[keys[0] as string] : undefined;
  const isWrapper = ["output", "error", "result"].includes(keys[0] as string);
  if (!isWrapper || wrapped === undefined) return value;
  return typeof wrapped === "string" ? argumentsOf(wrapped) : wrapped;
}

function toolFact(tool: NeutralRequest["tools"][number]): string {
  if (tool.kind === "function") {
    return `${tool.name}: ${squeeze(tool.description ?? "")} ${canonical(cleanSchema(tool.parameters ?? null))}`;
  }
  return tool.kind === "custom" ? `${tool.name}: custom` : tool.kind;
}

/** What says nothing in a schema: an object without members, the names of JSON Schema's own versions, upper-case type names. */
function cleanSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map((one) => cleanSchema(one as Json));
  if (!isObject(schema)) return schema;
  const clean: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || value === null || key === "$schema") continue;
    clean[key] = key === "type" && typeof value === "string" ? value.toLowerCase() : cleanSchema(value);
  }
  const isEmpty =
    clean["type"] === "object" && Object.keys(clean).every((key) => key === "type" || key === "properties");
  return isEmpty && Object.keys((clean["properties"] ?? {}) as object).length === 0 ? null : clean;
}

/** What stands where an API demands text and the caller gave none (Converse: with a document, in a tool's result). */
const PLACEHOLDERS: readonly (string | RegExp)[] = [
  "Seetheattacheddocument.",
  '"(nooutput)"',
  '"Theresultfollowsinthenextusermessage."',
  /Whatthetoolcall\S+?returnedbesideitstext:/,
];

function squeezeDeep(value: Json): Json {
  if (typeof value === "string") return squeeze(value);
  if (Array.isArray(value)) return value.map((one) => squeezeDeep(one as Json));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, squeezeDeep(one ?? null)]));
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, "");
}

/** Whether a request asks the same. */
export function compareRequests(expected: RequestFacts, got: RequestFacts, onLoss: (what: string) => void): Finding[] {
  const findings: Finding[] = [];
  if (expected.system !== got.system) findings.push(differing("system", expected.system, got.system));
  const isInlined = expected.media.length > got.media.length && areWithin(expected.turns, got.turns);
  if (isInlined) onLoss("a text document as such: it is text");
  else {
    const at = Math.max(expected.turns.length, got.turns.length);
    const index = Array.from({ length: at }, (_, one) => one).find((one) => expected.turns[one] !== got.turns[one]);
    if (index !== undefined) findings.push(differingTurn(expected.turns[index], got.turns[index]));
    if (expected.media.join() !== got.media.join()) {
      findings.push(differing("media", expected.media.join(), got.media.join()));
    }
  }
  if (expected.tools.join("\n") !== got.tools.join("\n")) {
    findings.push(differing("tools", expected.tools.join(" | "), got.tools.join(" | ")));
  }
  return findings;
}

function differingTurn(expected: string | undefined, got: string | undefined): Finding {
  const kind = (turn: string | undefined): string => /^\w+/.exec(turn ?? "nothing")?.[0] ?? "nothing";
  return { reason: `messages: ${kind(expected)} → ${kind(got)}`, detail: `${shorten(expected)} → ${shorten(got)}` };
}

/** Whether each turn still says what it said, in order, with more in between. */
function areWithin(expected: readonly string[], got: readonly string[]): boolean {
  return (
    expected.length === got.length &&
    expected.every((turn, index) => {
      const longer = got[index] as string;
      let at = 0;
      for (const character of longer) if (character === turn[at]) at += 1;
      return at === turn.length;
    })
  );
}

function differing(what: string, expected: string, got: string): Finding {
  let at = 0;
  while (at < expected.length && expected[at] === got[at]) at += 1;
  const from = Math.max(0, at - 20);
  return {
    reason: got === "" ? `${what} is lost` : `${what} differs`,
    detail: `${shorten(expected.slice(from))} → ${shorten(got.slice(from))}`,
  };
}

function shorten(text: string | undefined): string {
  if (text === undefined) return "–";
  return text.length <= 110 ? text : `${text.slice(0, 107)}…`;
}
