/** What is checked of one recorded count of tokens. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { Target } from "../../../src/dialect/target.ts";
import { translateRequest } from "../../../src/dialect/translate.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContextOf, NO_QUIRKS, requestContextOf } from "./apis.ts";
import { thrown } from "./check-answer.ts";
import type { EmbedCase } from "./check-embed.ts";
import { describeDifference, differences, showDifference } from "./difference.ts";
import { SUBJECTS, type Subject } from "./dialects.ts";
import { tokenCountOf } from "./oracle/vectors.ts";
import { dropNamed } from "./drop-named.ts";
import { compareRequests, factsOfRequest } from "./request-facts.ts";
import type { Finding, Tally } from "./tally.ts";

const PATHS: Readonly<Partial<Record<DialectId, string>>> = {
  "anthropic-messages": "/v1/messages/count_tokens",
  gemini: "/v1beta/models/m:countTokens",
};

export function checkCount(tally: Tally, { id, subject, path, body, answer }: EmbedCase): void {
  const { dialect } = subject;
  const own = dialect.id;
  const codec = dialect.countTokens;
  if (codec === null) {
    tally.add("count", "read", own, own, id, [{ reason: "no counting here", detail: "" }]);
    return;
  }
  try {
    const read = codec.readAnswer(answer);
    tally.add("count", "read", own, own, id, []);
    const expected = tokenCountOf(own, answer);
    const isEqual = read.inputTokens === expected;
    tally.add(
      "count",
      "usage",
      own,
      own,
      id,
      isEqual ? [] : [{ reason: "count", detail: `${expected} → ${read.inputTokens}` }],
    );
    const context = answerContextOf({ dialect, path });
    const written = JSON.parse(JSON.stringify(codec.writeAnswer(read, context))) as JsonObject;
    const findings: Finding[] = differences(answer, written).map(found);
    if (body !== null) {
      const request = codec.readRequest(body, requestContextOf(dialect, path, body));
      const target = new Target(request.model, NO_QUIRKS, true, (name) => name);
      const back = JSON.parse(JSON.stringify(codec.writeRequest(request, target))) as JsonObject;
      // Gemini may say the request in two forms: what counts is that it asks the same.
      const again = codec.readRequest(back, requestContextOf(dialect, PATHS[own] ?? path, back));
      findings.push(...compareRequests(factsOfRequest(request), factsOfRequest(again), () => {}));
    }
    tally.add("count", "same", own, own, id, findings);
    for (const to of SUBJECTS.values()) {
      if (to.dialect.id === own || to.dialect.countTokens === null || body === null) continue;
      tally.add("count", "across", own, to.dialect.id, id, carry(tally, subject, to, path, body));
    }
  } catch (error) {
    tally.add("count", "read", own, own, id, [thrown(error)]);
  }
}

function found(difference: Parameters<typeof describeDifference>[0]): Finding {
  return { reason: describeDifference(difference), detail: showDifference(difference) };
}

function carry(
  tally: Tally,
  { dialect: from }: Subject,
  { dialect: to }: Subject,
  path: string,
  body: JsonObject,
): Finding[] {
  const toPath = PATHS[to.id];
  if (toPath === undefined || from.countTokens === null || to.countTokens === null) return [];
  try {
    const context = requestContextOf(from, path, body);
    const translated = translateRequest({
      from,
      to,
      operation: "count-tokens",
      body,
      context,
      model: "m",
      quirks: NO_QUIRKS,
      dropParams: true,
      requestId: "req_0123456789abcdef",
      createdAt: 1_750_000_000,
    });
    const sent = JSON.parse(JSON.stringify(translated.body)) as JsonObject;
    const back = to.countTokens.readRequest(sent, requestContextOf(to, toPath, sent));
    const asked = dropNamed(from.countTokens.readRequest(body, context), translated.dropped);
    return compareRequests(factsOfRequest(asked), factsOfRequest(back), (what) => tally.lose(to.id, what));
  } catch (error) {
    return [thrown(error)];
  }
}
