/** What is checked of one recorded embeddings exchange. */
import type { DialectId, EmbedRequest } from "../../../src/dialect/neutral.ts";
import { GatewayError } from "../../../src/errors.ts";
import { Target } from "../../../src/dialect/target.ts";
import { translateRequest } from "../../../src/dialect/translate.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContextOf, NO_QUIRKS, requestContextOf } from "./apis.ts";
import { thrown } from "./check-answer.ts";
import { canonical } from "./compare-facts.ts";
import { describeDifference, differences, showDifference } from "./difference.ts";
import { SUBJECTS, type Subject } from "./dialects.ts";
import { embedTokensOf, vectorsOf } from "./oracle/vectors.ts";
import type { Finding, Tally } from "./tally.ts";

export type EmbedCase = {
  readonly id: string;
  readonly subject: Subject;
  readonly path: string;
  readonly body: JsonObject | null;
  readonly answer: JsonObject;
};

const PATHS: Readonly<Partial<Record<DialectId, string>>> = {
  "openai-chat": "/v1/embeddings",
  gemini: "/v1beta/models/m:batchEmbedContents",
  cohere: "/v2/embed",
  ollama: "/api/embed",
};

export function checkEmbed(tally: Tally, { id, subject, path, body, answer }: EmbedCase): void {
  const { dialect } = subject;
  const own = dialect.id;
  const codec = dialect.embed;
  if (codec === null) {
    tally.add("embed", "read", own, own, id, [{ reason: "no embeddings here", detail: "" }]);
    return;
  }
  try {
    const vectors = vectorsOf(own, answer);
    const read = codec.readAnswer(answer);
    const request = body === null ? null : codec.readRequest(body, requestContextOf(dialect, path, body));
    tally.add("embed", "read", own, own, id, []);
    const honest: Finding[] = [];
    if (read.vectors.length !== vectors.length) {
      honest.push({ reason: "vectors: how many", detail: `${vectors.length} → ${read.vectors.length}` });
    }
    tally.add("embed", "honest", own, own, id, honest);
    const tokens = embedTokensOf(own, answer);
    const got = read.usage?.inputTokens ?? null;
    tally.add(
      "embed",
      "usage",
      own,
      own,
      id,
      got === tokens ? [] : [{ reason: "input", detail: `${tokens} → ${got}` }],
    );
    if (request === null || body === null) return;
    const context = answerContextOf({ dialect, path });
    const written = JSON.parse(JSON.stringify(codec.writeAnswer(read, request, context))) as JsonObject;
    const target = new Target(request.model, NO_QUIRKS, true, (name) => name);
    const back = JSON.parse(JSON.stringify(codec.writeRequest(request, target))) as JsonObject;
    // Gemini writes a single input as a list of one: what counts is that it asks the same.
    const again = codec.readRequest(back, requestContextOf(dialect, PATHS[own] ?? path, back));
    const findings = differences(answer, written).map(found);
    if (
      canonical({ ...again, model: "", isSingle: false } as never) !==
      canonical({ ...request, model: "", isSingle: false } as never)
    ) {
      findings.push({
        reason: "the request differs",
        detail: `${canonical(request as never).slice(0, 80)} → ${canonical(again as never).slice(0, 80)}`,
      });
    }
    tally.add("embed", "same", own, own, id, findings);
    for (const { dialect: to } of SUBJECTS.values()) {
      if (to.id === own || to.embed === null) continue;
      tally.add("embed", "across", own, to.id, id, carry(subject, to.id, path, body, request, answer, vectors));
    }
  } catch (error) {
    tally.add("embed", "read", own, own, id, [thrown(error)]);
  }
}

function found(difference: Parameters<typeof describeDifference>[0]): Finding {
  return { reason: describeDifference(difference), detail: showDifference(difference) };
}

/** A caller of `to` asks a provider of `from` for the same: its answer holds the same vectors. And our request, sent there, asks the same. */
function carry(
  { dialect: from }: Subject,
  toId: DialectId,
  path: string,
  body: JsonObject,
  request: EmbedRequest,
  answer: JsonObject,
  vectors: readonly (readonly number[] | null)[],
): Finding[] {
  const to = SUBJECTS.get(toId)?.dialect;
  const toPath = PATHS[toId];
  if (to === undefined || to.embed === null || from.embed === null || toPath === undefined) return [];
  try {
    const translated = translateRequest({
      from,
      to,
      operation: "embed",
      body,
      context: requestContextOf(from, path, body),
      model: "m",
      quirks: NO_QUIRKS,
      dropParams: true,
      requestId: "req_0123456789abcdef",
      createdAt: 1_750_000_000,
    });
    if (translated.dropped.length > 0) return [];
    const sent = JSON.parse(JSON.stringify(translated.body)) as JsonObject;
    const readBack = to.embed.readRequest(sent, requestContextOf(to, toPath, sent));
    const findings: Finding[] = [];
    if (JSON.stringify(readBack.inputs) !== JSON.stringify(request.inputs)) {
      findings.push({ reason: "inputs differ", detail: JSON.stringify(readBack.inputs).slice(0, 80) });
    }
    const context = answerContextOf({ dialect: to, path: toPath, from: from.id });
    const asked = { ...readBack, encodings: ["float" as const] };
    const written = to.embed.writeAnswer(from.embed.readAnswer(answer), asked, context);
    const carried = vectorsOf(toId, JSON.parse(JSON.stringify(written)) as JsonObject);
    for (const [index, vector] of vectors.entries()) {
      if (vector !== null && !areNear(vector, carried[index] ?? null)) {
        findings.push({ reason: "vectors differ", detail: `${vector.slice(0, 3)} → ${carried[index]?.slice(0, 3)}` });
      }
    }
    return findings;
  } catch (error) {
    // Token ids mean something to their own model only.
    if (error instanceof GatewayError && error.code === "invalid_request") return [];
    return [thrown(error)];
  }
}

/** As near as 32-bit floats are. */
function areNear(one: readonly number[], other: readonly number[] | null): boolean {
  return (
    other !== null &&
    one.length === other.length &&
    one.every(
      (value, index) =>
        // Bytes that are no floats (int8 in base64) may make one that is no number.
        Number.isNaN(value) || Math.abs(value - (other[index] ?? Number.NaN)) <= Math.max(1e-7, Math.abs(value) * 1e-6),
    )
  );
}
