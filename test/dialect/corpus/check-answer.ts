/** What is checked of one recorded answer that is no stream. */
import type { NeutralAnswer, NeutralRequest } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { allowanceFor } from "./allowances.ts";
import { answerContextOf, GENERATE_PATHS } from "./apis.ts";
import { compareAcross, compareReading, compareUsage } from "./compare-facts.ts";
import { SUBJECTS, type Subject } from "./dialects.ts";
import { describeDifference, differences, showDifference } from "./difference.ts";
import { factsOfAnswer } from "./neutral-facts.ts";
import { isObject, type Facts } from "./oracle/oracle.ts";
import type { Finding, Tally } from "./tally.ts";

export type AnswerCase = {
  readonly id: string;
  readonly subject: Subject;
  /** The API's own path of the request. */
  readonly path: string;
  readonly model: string;
  readonly request: NeutralRequest | null;
};

/** A throw as a finding: GatewayErrors by their message, others by where they came from. */
export function thrown(error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  const where = error instanceof Error ? (error.stack ?? "").split("\n").find((line) => line.includes("/src/")) : "";
  return { reason: `throws: ${message.slice(0, 120)}`, detail: where?.trim() ?? "" };
}

export function checkAnswer(tally: Tally, { id, subject, path, model, request }: AnswerCase, body: JsonObject): void {
  const { dialect, oracle } = subject;
  const own = dialect.id;
  let answer: NeutralAnswer;
  try {
    answer = dialect.generate.readAnswer(body);
  } catch (error) {
    tally.add("answer", "read", own, own, id, [thrown(error)]);
    return;
  }
  tally.add("answer", "read", own, own, id, []);
  const facts = oracle.facts(body);
  const read = factsOfAnswer(answer);
  tally.add("answer", "honest", own, own, id, compareReading(facts, read));
  tally.add("answer", "usage", own, own, id, [
    ...compareUsage(facts.usage, read.usage),
    ...checkUsageText(subject, path, body, facts),
  ]);
  try {
    const written = dialect.generate.writeAnswer(answer, answerContextOf({ dialect, path, model, request }));
    // Through text, as it leaves: what JSON does not know is no difference.
    const back = JSON.parse(JSON.stringify(written)) as JsonObject;
    const findings = differences(body, back)
      .filter((difference) => allowanceFor(own, "answer", difference) === null)
      .map((difference) => ({ reason: describeDifference(difference), detail: showDifference(difference) }));
    tally.add("answer", "same", own, own, id, findings);
  } catch (error) {
    tally.add("answer", "same", own, own, id, [thrown(error)]);
  }
  for (const target of SUBJECTS.values()) {
    if (target.dialect.id !== own) carryAnswer(tally, id, model, answer, facts, subject, target);
  }
}

/** Into another dialect: what is written there says the same, to the oracle and to the dialect's own reader. */
function carryAnswer(
  tally: Tally,
  id: string,
  model: string,
  answer: NeutralAnswer,
  facts: Facts,
  from: Subject,
  { dialect, oracle }: Subject,
): void {
  const to = dialect.id;
  try {
    const context = answerContextOf({ dialect, path: GENERATE_PATHS[to]("m", false), model, from: from.dialect.id });
    const written = JSON.parse(JSON.stringify(dialect.generate.writeAnswer(answer, context))) as JsonObject;
    const findings = compareAcross(facts, oracle.facts(written), to, (what) => tally.lose(to, what));
    const readBack = compareAcross(facts, factsOfAnswer(dialect.generate.readAnswer(written)), to);
    tally.add("answer", "across", from.dialect.id, to, id, [
      ...findings,
      ...readBack.map(({ reason, detail }) => ({ reason: `read back: ${reason}`, detail })),
    ]);
  } catch (error) {
    tally.add("answer", "across", from.dialect.id, to, id, [thrown(error)]);
  }
}

/** What the tap of a passed answer hands over is the usage object's text, or the whole line. */
function checkUsageText({ dialect }: Subject, path: string, body: JsonObject, facts: Facts): Finding[] {
  const { grammar } = answerContextOf({ dialect, path }).endpoint;
  if (grammar === null) return [];
  const wire = grammar.usageKey === "" ? body : body[grammar.usageKey];
  if (!isObject(wire)) return [];
  const findings = compareUsage(facts.usage, dialect.readUsage(JSON.stringify(wire)));
  return findings.map(({ reason, detail }) => ({ reason: `readUsage: ${reason}`, detail }));
}
