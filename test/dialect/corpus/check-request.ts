/** What is checked of one recorded request. */
import type { RequestContext } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralRequest } from "../../../src/dialect/neutral.ts";
import { Target } from "../../../src/dialect/target.ts";
import { translateRequest } from "../../../src/dialect/translate.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { allowanceFor } from "./allowances.ts";
import { GENERATE_PATHS, NO_QUIRKS, requestContextOf } from "./apis.ts";
import { thrown } from "./check-answer.ts";
import { dropNamed, MAX_NAMES } from "./drop-named.ts";
import { describeDifference, differences, showDifference } from "./difference.ts";
import { SUBJECTS, type Subject } from "./dialects.ts";
import { normaliseRequest } from "./request-normal.ts";
import { compareRequests, factsOfRequest } from "./request-facts.ts";
import type { Finding, Tally } from "./tally.ts";

export type RequestCase = {
  readonly id: string;
  readonly subject: Subject;
  readonly body: JsonObject;
  readonly context: RequestContext;
  /** What the provider answered: it may have refused the request, and then we may. */
  readonly status: number;
  /** Whether it is written back for another endpoint, and so never equal. */
  readonly isLegacy: boolean;
};

/** The request as read; null where reading refused it. */
export function checkRequest(
  tally: Tally,
  { id, subject, body, context, status, isLegacy }: RequestCase,
): NeutralRequest | null {
  const { dialect } = subject;
  const own = dialect.id;
  let request: NeutralRequest;
  try {
    request = dialect.generate.readRequest(body, context);
  } catch (error) {
    if (status >= 400 && error instanceof GatewayError && error.code === "invalid_request") {
      tally.skip("requests that the provider refused, and so do we");
      return null;
    }
    tally.add("request", "read", own, own, id, [thrown(error)]);
    return null;
  }
  tally.add("request", "read", own, own, id, []);
  if (isLegacy) return carryAll(tally, request, { id, subject, body, context, status, isLegacy });
  try {
    const target = new Target(context.model, NO_QUIRKS, true, (name) => name);
    const written = JSON.parse(JSON.stringify(dialect.generate.writeRequest(request, target).body)) as JsonObject;
    const findings = differences(normaliseRequest(body, own), normaliseRequest(written, own))
      .filter((difference) => allowanceFor(own, "request", difference) === null)
      .map((difference) => ({ reason: describeDifference(difference), detail: showDifference(difference) }));
    for (const name of target.dropped) findings.push({ reason: `dropped: ${name}`, detail: "" });
    tally.add("request", "same", own, own, id, findings);
  } catch (error) {
    tally.add("request", "same", own, own, id, [thrown(error)]);
  }
  return carryAll(tally, request, { id, subject, body, context, status, isLegacy });
}

function carryAll(
  tally: Tally,
  request: NeutralRequest,
  { id, subject, body, context, status }: RequestCase,
): NeutralRequest {
  // A request that no provider takes need not be translated well.
  if (status >= 400) return request;
  const own = subject.dialect.id;
  for (const target of SUBJECTS.values()) {
    const to = target.dialect.id;
    if (to !== own)
      tally.add("request", "across", own, to, id, carryRequest(tally, request, subject, body, context, target));
  }
  return request;
}

function carryRequest(
  tally: Tally,
  request: NeutralRequest,
  from: Subject,
  body: JsonObject,
  context: RequestContext,
  { dialect }: Subject,
): Finding[] {
  const to: DialectId = dialect.id;
  try {
    const translated = translateRequest({
      from: from.dialect,
      to: dialect,
      operation: "generate",
      body,
      context,
      model: "m",
      quirks: NO_QUIRKS,
      dropParams: true,
      requestId: "req_0123456789abcdef",
      createdAt: 1_750_000_000,
    });
    const written = JSON.parse(JSON.stringify(translated.body)) as JsonObject;
    const path = GENERATE_PATHS[to]("m", context.isStream);
    const { dropped } = translated;
    if (dropped.some((name) => name.startsWith("messages."))) tally.lose(to, "content of a request (named as dropped)");
    if (dropped.some((name) => name.startsWith("tools."))) tally.lose(to, "a tool of a request (named as dropped)");
    if (dropped.length >= MAX_NAMES) {
      tally.lose(to, "more of a request than can be named");
      return [];
    }
    const expected = factsOfRequest(dropNamed(request, dropped));
    // With its content gone a request may be none.
    if (expected.turns.length === 0 && dropped.length > 0) return [];
    const back = dialect.generate.readRequest(written, requestContextOf(dialect, path, written));
    // "Text content is not allowed when tool_calls are provided": it is the plan, and said as such.
    const got = factsOfRequest(back, to === "cohere");
    // JSON of a schema may be asked for through a tool, where the target has no field for it.
    const tools = got.tools.filter((tool) => !tool.startsWith("json_output:"));
    // Where no field names the tools that may be called, the others are not shown.
    const { toolChoice } = request;
    const isNarrowing = toolChoice !== null && toolChoice.kind !== "auto" && toolChoice.kind !== "required";
    const isNarrowed = isNarrowing && tools.length < expected.tools.length;
    if (isNarrowed) tally.lose(to, "tools that a tool choice rules out: they are not shown");
    const shown = isNarrowed ? expected.tools.filter((tool) => tools.includes(tool)) : expected.tools;
    // Where every call of the conversation needs its tool declared, tools that are no longer offered are.
    const called = new Set(
      expected.turns.filter((turn) => turn.startsWith("call: ")).map((turn) => turn.split(" ")[1]),
    );
    const offered = tools.filter((tool) => expected.tools.includes(tool) || !called.has(tool.split(":")[0]));
    const facts = { ...got, tools: shown.every((tool) => offered.includes(tool)) ? offered : tools };
    return compareRequests({ ...expected, tools: shown }, facts, (what) => tally.lose(to, what));
  } catch (error) {
    return [thrown(error)];
  }
}
