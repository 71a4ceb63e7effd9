/** What is checked of one recorded rerank exchange; only Cohere has such an API, and others copy its shape. */
import type { JsonObject } from "../../../src/lib/json.ts";
import { Target } from "../../../src/dialect/target.ts";
import { answerContextOf, NO_QUIRKS, requestContextOf } from "./apis.ts";
import { thrown } from "./check-answer.ts";
import type { EmbedCase } from "./check-embed.ts";
import { describeDifference, differences, showDifference } from "./difference.ts";
import { ranksOf } from "./oracle/vectors.ts";
import { normaliseRequest } from "./request-normal.ts";
import type { Finding, Tally } from "./tally.ts";

export function checkRerank(tally: Tally, { id, subject, path, body, answer }: EmbedCase): void {
  const { dialect } = subject;
  const own = dialect.id;
  const codec = dialect.rerank;
  if (codec === null) {
    tally.add("rerank", "read", own, own, id, [{ reason: "no rerank here", detail: "" }]);
    return;
  }
  try {
    const read = codec.readAnswer(answer);
    const request = body === null ? null : codec.readRequest(body, requestContextOf(dialect, path, body));
    tally.add("rerank", "read", own, own, id, []);
    const expected = JSON.stringify(ranksOf(answer));
    const got = JSON.stringify(read.results.map(({ index, score }) => ({ index, score })));
    tally.add(
      "rerank",
      "honest",
      own,
      own,
      id,
      expected === got ? [] : [{ reason: "results", detail: `${expected} → ${got}` }],
    );
    if (request === null || body === null) return;
    const written = codec.writeAnswer(read, request, answerContextOf({ dialect, path }));
    const target = new Target(request.model, NO_QUIRKS, true, (name) => name);
    const back = JSON.parse(JSON.stringify(codec.writeRequest(request, target))) as JsonObject;
    const findings: Finding[] = [
      ...differences(answer, JSON.parse(JSON.stringify(written)) as JsonObject),
      ...differences(normaliseRequest(body, own), normaliseRequest(back, own)),
    ].map((difference) => ({ reason: describeDifference(difference), detail: showDifference(difference) }));
    tally.add("rerank", "same", own, own, id, findings);
  } catch (error) {
    tally.add("rerank", "read", own, own, id, [thrown(error)]);
  }
}
