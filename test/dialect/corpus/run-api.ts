/** Runs every record of one recorded API through every check. */
import type { NeutralRequest } from "../../../src/dialect/neutral.ts";
import { parseObject } from "../../../src/lib/json.ts";
import { Random } from "../../instruments/random.ts";
import { openRecording, type RecordedExchange } from "../../instruments/recorded.ts";
import { requestContextOf, type Api, type OTHER_APIS } from "./apis.ts";
import { checkAnswer } from "./check-answer.ts";
import { checkCount } from "./check-count.ts";
import { checkEmbed } from "./check-embed.ts";
import { checkError } from "./check-error.ts";
import { checkRequest } from "./check-request.ts";
import { checkRerank } from "./check-rerank.ts";
import { checkStream } from "./check-stream.ts";
import { subjectOf, type Subject } from "./dialects.ts";
import { Tally } from "./tally.ts";

/** Null where the recording is absent. */
export async function runApi(api: Api, seed = 1): Promise<Tally | null> {
  const recording = openRecording(api.name);
  if (recording.kind === "absent") return null;
  const subject = subjectOf(api.dialect);
  const tally = new Tally();
  const random = new Random(seed);
  for await (const exchange of recording.read()) {
    const reason = api.skip?.(exchange) ?? null;
    if (reason === null) runExchange(tally, api, subject, exchange, random.fork());
    else tally.skip(reason);
  }
  return tally;
}

function runExchange(tally: Tally, api: Api, subject: Subject, exchange: RecordedExchange, random: Random): void {
  const { id, response, isStream, features } = exchange;
  const path = api.pathOf(exchange);
  const request = runRequest(tally, subject, path, exchange, api.isLegacy ?? false);
  const model = exchange.model ?? "m";
  if (response.status >= 400) {
    checkError(tally, subject, exchange);
    return;
  }
  const each = { id, subject, path, model, request };
  if (isStream) {
    checkStream(tally, { ...each, chunks: response.chunks, random, isCut: features.includes("no_terminal_event") });
    return;
  }
  const text = Buffer.concat(response.chunks).toString("utf8");
  const body = parseObject(text);
  if (body === null) tally.skip(`answers that are no JSON object: ${text.slice(0, 40)}`);
  else if (features.includes("error_in_200") && body["choices"] === undefined) checkError(tally, subject, exchange);
  else checkAnswer(tally, each, body);
}

function runRequest(
  tally: Tally,
  subject: Subject,
  path: string,
  exchange: RecordedExchange,
  isLegacy: boolean,
): NeutralRequest | null {
  const { id, request, response } = exchange;
  if (request === null || request.body === null || request.method !== "POST") return null;
  const parsed = parseObject(request.body.toString("utf8"));
  if (parsed === null) {
    tally.skip("requests that are no JSON object");
    return null;
  }
  // Vertex and Azure name the model in their own paths, which no caller of ours uses.
  const isNamed = parsed["model"] !== undefined || requestContextOf(subject.dialect, path, parsed).model !== "";
  const body = isNamed ? parsed : { model: exchange.model ?? "m", ...parsed };
  const context = requestContextOf(subject.dialect, path, body, request.path.split("?")[1]);
  return checkRequest(tally, { id, subject, body, context, status: response.status, isLegacy });
}

const OTHER_CHECKS = { embed: checkEmbed, rerank: checkRerank, count: checkCount } as const;

/** The same for embeddings, rerank and token counts. Null where the recording is absent. */
export async function runOther({
  name,
  dialect,
  operation,
  pathOf,
  skip,
}: (typeof OTHER_APIS)[number]): Promise<Tally | null> {
  const recording = openRecording(name);
  if (recording.kind === "absent") return null;
  const subject = subjectOf(dialect);
  const tally = new Tally();
  for await (const exchange of recording.read()) {
    const reason = skip?.(exchange) ?? null;
    if (reason !== null) tally.skip(reason);
    else if (exchange.response.status >= 400) checkError(tally, subject, exchange);
    else {
      const answer = parseObject(Buffer.concat(exchange.response.chunks).toString("utf8"));
      const text = exchange.request?.body?.toString("utf8");
      const body = text === undefined ? null : parseObject(text);
      if (answer === null) tally.skip("answers that are no JSON object");
      else OTHER_CHECKS[operation](tally, { id: exchange.id, subject, path: pathOf(exchange), body, answer });
    }
  }
  return tally;
}
