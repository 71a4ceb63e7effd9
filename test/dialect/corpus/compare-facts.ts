/** Holds what an answer says in one place against what it says in another. */
import type { DialectId, FinishKind } from "../../../src/dialect/neutral.ts";
import type { Usage } from "../../../src/exchange.ts";
import type { Json } from "../../../src/lib/json.ts";
import { NO_USAGE } from "../../../src/lib/usage.ts";
import { isObject, type CallFact, type ChoiceFacts, type Facts } from "./oracle/oracle.ts";
import { NEAREST_FINISH, PLACES, type Places } from "./places.ts";
import type { Finding } from "./tally.ts";

/** Whether the same answer, as its reader understood it: nothing may be lost. */
export function compareReading(expected: Facts, got: Facts): Finding[] {
  const findings: Finding[] = [];
  if (expected.choices.length !== got.choices.length && expected.choices.some(saysSomething)) {
    findings.push({ reason: "choices", detail: `${expected.choices.length} → ${got.choices.length}` });
  }
  for (const [index, choice] of expected.choices.entries()) {
    const other = got.choices[index];
    if (other === undefined) continue;
    compareText("text", choice.text, other.text, findings);
    compareText("refusal", choice.refusal, other.refusal, findings);
    compareText("reasoning", squeeze(choice.reasoning), squeeze(other.reasoning), findings);
    compareCalls(choice.calls, other.calls, findings);
    const wanted = classOf(choice.finish, choice);
    // A whole answer that says nothing of its end has come to one.
    const isUnsaid = wanted === null && ["stop", "tool-calls", "other"].includes(other.finish ?? "");
    const isRefusal = choice.refusal !== "" && REFUSED.has(wanted) && REFUSED.has(other.finish);
    if (wanted !== classOf(other.finish, other) && !isRefusal && !isUnsaid) {
      findings.push({ reason: `finish ${choice.finish} → ${other.finish}`, detail: "" });
    }
  }
  return findings;
}

/** Usage as the wire has it against usage as read: every count. */
export function compareUsage(expected: Usage | null, got: Usage | null): Finding[] {
  const findings: Finding[] = [];
  for (const key of Object.keys(NO_USAGE) as (keyof Usage)[]) {
    const wanted = expected?.[key] ?? null;
    const came = got?.[key] ?? null;
    if (wanted !== came) findings.push({ reason: `usage ${key}`, detail: `${wanted} → ${came}` });
  }
  return findings;
}

/** Whether an answer survived its way into `to`; `onLoss` is told of what that API has no place for. */
export function compareAcross(
  expected: Facts,
  got: Facts,
  to: DialectId,
  onLoss: (what: string) => void = () => {},
): Finding[] {
  const places = PLACES[to];
  const findings: Finding[] = [];
  const wanted = places.choices ? expected.choices : expected.choices.slice(0, 1);
  if (wanted.length < expected.choices.length) onLoss("further choices");
  // A prompt that was refused whole has no choice in some APIs, and an empty one in others.
  if (wanted.length !== got.choices.length && wanted.some(saysSomething)) {
    findings.push({ reason: "choices", detail: `${wanted.length} → ${got.choices.length}` });
  }
  for (const [index, choice] of wanted.entries()) {
    const other = got.choices[index];
    if (other !== undefined) compareChoice(choice, other, places, findings, onLoss);
  }
  const contradiction = findContradiction(expected.usage);
  if (contradiction === null) compareCarriedUsage(expected.usage, got.usage, places, findings, onLoss);
  else onLoss(`usage that contradicts itself: ${contradiction}`);
  return findings;
}

function saysSomething({ text, reasoning, refusal, calls }: ChoiceFacts): boolean {
  return text !== "" || reasoning !== "" || refusal !== "" || calls.length > 0;
}

function compareChoice(
  choice: ChoiceFacts,
  other: ChoiceFacts,
  places: Places,
  findings: Finding[],
  onLoss: (what: string) => void,
): void {
  if (!places.refusal && choice.refusal !== "") onLoss("a refusal as such: it is text");
  compareText(
    "text",
    choice.text + (places.refusal ? "" : choice.refusal),
    other.text + (places.refusal ? "" : other.refusal),
    findings,
  );
  if (places.refusal) compareText("refusal", choice.refusal, other.refusal, findings);
  compareText("reasoning", squeeze(choice.reasoning), squeeze(other.reasoning), findings);
  compareCalls(fitCalls(choice.calls, places, onLoss), other.calls, findings);
  compareFinish(choice, other, places, findings, onLoss);
}

/** Calls as the target can say them at best. */
function fitCalls(calls: readonly CallFact[], places: Places, onLoss: (what: string) => void): readonly CallFact[] {
  return calls.map((call) => {
    if (typeof call.arguments !== "string") {
      if (isObject(call.arguments) || places.argumentsAsText) return call;
      onLoss("arguments that are no object");
      return { ...call, arguments: null };
    }
    if (places.customCalls) return call;
    onLoss("a custom tool's call as such, or arguments that are no JSON");
    return { ...call, arguments: null };
  });
}

function compareCalls(expected: readonly CallFact[], got: readonly CallFact[], findings: Finding[]): void {
  if (expected.length !== got.length) {
    findings.push({ reason: "tool calls: how many", detail: `${expected.length} → ${got.length}` });
    return;
  }
  for (const [index, call] of expected.entries()) {
    const other = got[index] as CallFact;
    if (call.name !== other.name) findings.push({ reason: "tool calls: name", detail: `${call.name} → ${other.name}` });
    if (call.arguments !== null && canonical(call.arguments) !== canonical(other.arguments)) {
      findings.push({
        reason: "tool calls: arguments",
        detail: `${shorten(canonical(call.arguments))} → ${shorten(canonical(other.arguments))}`,
      });
    }
  }
}

function compareFinish(
  choice: ChoiceFacts,
  other: ChoiceFacts,
  places: Places,
  findings: Finding[],
  onLoss: (what: string) => void,
): void {
  const wanted = classOf(choice.finish, choice);
  // An answer that said nothing of its end must say something where the target needs it.
  if (wanted === null || wanted === classOf(other.finish, other)) return;
  if (choice.refusal !== "" && REFUSED.has(wanted) && REFUSED.has(other.finish)) return;
  if (!places.finish.has(wanted) && other.finish !== null && NEAREST_FINISH[wanted].includes(other.finish)) {
    onLoss(`the finish ${wanted}`);
    return;
  }
  findings.push({ reason: `finish ${choice.finish} → ${other.finish}`, detail: "" });
}

/** Whether a refusal ends an answer as one or as an ordinary end is each API's own way. */
const REFUSED: ReadonlySet<FinishKind | null> = new Set(["stop", "refusal", "content-filter"]);

/** A call ends the turn whether the API says so (tool_use) or not (Gemini's STOP). */
function classOf(finish: FinishKind | null, choice: ChoiceFacts): FinishKind | null {
  return choice.calls.length > 0 && (finish === "stop" || finish === "tool-calls") ? "tool-calls" : finish;
}

/** A part larger than its whole cannot be said in an API that counts the parts beside each other. */
function findContradiction(usage: Usage | null): string | null {
  if (usage === null) return null;
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = usage;
  if ((cachedTokens ?? 0) > (inputTokens ?? 0)) return "more cached tokens than input";
  return (reasoningTokens ?? 0) > (outputTokens ?? 0) ? "more reasoning tokens than output" : null;
}

function compareCarriedUsage(
  expected: Usage | null,
  got: Usage | null,
  places: Places,
  findings: Finding[],
  onLoss: (what: string) => void,
): void {
  for (const key of Object.keys(NO_USAGE) as (keyof Usage)[]) {
    const wanted = expected?.[key] ?? null;
    const came = got?.[key] ?? null;
    // What was never said is nothing or, where the target's field is required, 0.
    if (wanted === came || (wanted === null && came === 0) || (wanted === 0 && came === null)) continue;
    if (!places.usage.has(key)) {
      if (wanted !== null && came === null) onLoss(`usage ${key}`);
      else findings.push({ reason: `usage ${key}`, detail: `${wanted} → ${came}` });
    } else findings.push({ reason: `usage ${key}`, detail: `${wanted} → ${came}` });
  }
}

function compareText(what: string, expected: string, got: string, findings: Finding[]): void {
  if (expected === got) return;
  let at = 0;
  while (at < expected.length && expected[at] === got[at]) at += 1;
  findings.push({
    reason: got === "" ? `${what} is lost` : expected === "" ? `${what} is new` : `${what} differs`,
    detail: `at ${at}: ${shorten(JSON.stringify(expected.slice(at)))} → ${shorten(JSON.stringify(got.slice(at)))}`,
  });
}

/** Paragraphs of reasoning are set apart by each API in its own way. */
function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, "");
}

/** JSON with its members in order. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one as Json)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

function shorten(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 97)}…`;
}
