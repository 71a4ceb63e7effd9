/** Plays one raw case against a gateway and checks what reached the upstream, what came back, and how it ended. */
import { jsonAnswer } from "../instruments/answers.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { RawClient, type RawTarget } from "../instruments/raw-client.ts";
import type { Script } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Upstream } from "../instruments/upstream.ts";
import type { ExpectedAnswer, ExpectedRequest, HeaderCheck, RawCase } from "./case-format.ts";

/** How the input is written: in one piece, or split. */
export type Writing = "whole" | "split";

export type CaseEnvironment = {
  readonly target: RawTarget;
  readonly upstream: Upstream;
  /** Waits until the gateway holds no exchange: whatever the case started has reached the upstream by then, or never will. */
  readonly settle: () => Promise<void>;
};

/** Above this size an input split byte by byte would only be slow. */
const SMALL_BYTES = 4096;

/** Answers every request with its own body inside, so that answers can be told apart. */
export function echoRequest(request: UpstreamRequest): Script {
  return jsonAnswer({ object: "chat.completion", choices: [], echo: request.message.text });
}

/** Throws with a description of what differs from the case's expectation. */
export async function runCase(rawCase: RawCase, writing: Writing, environment: CaseEnvironment): Promise<void> {
  const { upstream } = environment;
  upstream.forget();
  const client = await RawClient.connect(environment.target);
  try {
    await playInput(rawCase, writing, client);
    if (rawCase.expectation.kind === "exact") await checkAnswers(rawCase.expectation.answers, client);
    await checkEnding(rawCase, client, environment);
  } finally {
    client.close();
  }
  await environment.settle();
  checkConsequences(rawCase, client, upstream);
}

async function playInput(rawCase: RawCase, writing: Writing, client: RawClient): Promise<void> {
  for (const step of rawCase.input) {
    switch (step.kind) {
      case "send": {
        const pieceBytes = step.bytes.length <= SMALL_BYTES ? 1 : 509;
        // A server that refuses early stops reading; what it answered is checked later.
        await client.send(step.bytes, writing === "whole" ? {} : { pieceBytes });
        break;
      }
      case "await": {
        const head = await client.readHead(client.messages.length === 0 ? 0 : client.messages.length - 1);
        if (head.status !== step.status) throw new Error(`expected ${step.status} first, got ${head.status}`);
        break;
      }
      case "half-close":
        client.halfClose();
        break;
      default:
        step satisfies never;
    }
  }
}

async function checkAnswers(expected: readonly ExpectedAnswer[], client: RawClient): Promise<void> {
  for (const [index, wanted] of expected.entries()) {
    const answer = await client.readAnswer(index);
    const place = `answer ${index + 1}`;
    if (!wanted.statuses.includes(answer.status)) {
      throw new Error(`${place}: expected status ${wanted.statuses.join(" or ")}; ${client.describe()}`);
    }
    checkHeaders(place, answer, wanted.headers);
    for (const text of wanted.contains) {
      if (!answer.text.includes(text)) throw new Error(`${place}: expected ${text} in ${answer.text}`);
    }
    checkErrorShape(place, answer);
  }
}

/** Errors have the shape of OpenAI's: an SDK raises its own class from it. */
function checkErrorShape(place: string, answer: HttpMessage): void {
  if (answer.status < 400) return;
  const body = answer.json() as { readonly error?: Readonly<Record<string, unknown>> };
  const { error } = body;
  const isShaped =
    error !== undefined &&
    typeof error["message"] === "string" &&
    error["message"] !== "" &&
    typeof error["type"] === "string" &&
    "param" in error &&
    "code" in error;
  if (!isShaped) throw new Error(`${place}: expected an error as OpenAI writes it, got ${answer.text}`);
}

async function checkEnding(rawCase: RawCase, client: RawClient, environment: CaseEnvironment): Promise<void> {
  const isEitherWay = rawCase.expectation.kind === "refused-or-body";
  switch (rawCase.ending) {
    case "closed":
      await client.waitForEnd();
      return;
    case "open":
      await probe(client);
      return;
    case "waiting": {
      // Another connection's whole exchange lies between: a gateway that had something to say would have said it.
      const other = await RawClient.connect(environment.target);
      await other.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await other.readAnswer();
      other.close();
      if (client.end !== "open" || client.answers.length > 0) {
        throw new Error(`expected the gateway to wait for more; ${client.describe()}`);
      }
      return;
    }
    case "any":
      if (isEitherWay) {
        await until("an answer", () => client.answers.length > 0 || client.end !== "open");
        if (client.answers[0]?.status === 200) await probe(client);
        else await client.waitForEnd();
      }
      return;
    default:
      rawCase.ending satisfies never;
  }
}

/** Shows by use that the connection is open: another request is answered. */
async function probe(client: RawClient): Promise<void> {
  const before = client.answers.length;
  await client.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const answer = await client.readAnswer(before);
  if (answer.status !== 200) throw new Error(`expected the connection to serve a probe; ${client.describe()}`);
}

function checkConsequences(rawCase: RawCase, client: RawClient, upstream: Upstream): void {
  const { expectation } = rawCase;
  const seen = upstream.requests;
  const described = seen.map((request) => JSON.stringify(request.message.rawHead.toString("latin1"))).join(", ");
  if (upstream.syntaxErrors.length > 0) {
    throw new Error(`the gateway wrote broken HTTP upstream: ${upstream.syntaxErrors.join("; ")}`);
  }
  if (client.syntaxError !== null) throw new Error(`${client.syntaxError.message}; ${client.describe()}`);
  switch (expectation.kind) {
    case "exact": {
      if (seen.length !== expectation.requests.length) {
        throw new Error(`expected ${expectation.requests.length} requests at the upstream, got [${described}]`);
      }
      for (const [index, wanted] of expectation.requests.entries()) {
        checkRequest(`upstream request ${index + 1}`, seen[index] as UpstreamRequest, wanted);
      }
      const extra = client.answers.length - expectation.answers.length - (rawCase.ending === "open" ? 1 : 0);
      if (extra !== 0) throw new Error(`expected no further answer; ${client.describe()}`);
      return;
    }
    case "refused":
      checkRefused(client, seen.length, described);
      return;
    case "refused-or-body": {
      const [first] = client.answers;
      if (first?.status !== 200) {
        checkRefused(client, seen.length, described);
        return;
      }
      if (client.answers.length !== 2) throw new Error(`expected one answer and the probe's; ${client.describe()}`);
      const [request] = seen;
      if (seen.length !== 1 || request?.message.body.equals(expectation.body) !== true) {
        throw new Error(`expected one request with the chunked body decoded at the upstream, got [${described}]`);
      }
      return;
    }
    default:
      expectation satisfies never;
  }
}

function checkRefused(client: RawClient, seen: number, described: string): void {
  if (seen > 0) throw new Error(`expected nothing at the upstream, got [${described}]`);
  if (client.answers.length === 0) throw new Error(`expected a refusal in words; ${client.describe()}`);
  for (const [index, answer] of client.answers.entries()) {
    if ((answer.status < 400 || answer.status > 499) && answer.status !== 501) {
      throw new Error(`expected nothing but refusals; ${client.describe()}`);
    }
    checkErrorShape(`answer ${index + 1}`, answer);
  }
  if (client.end === "open") throw new Error(`expected the connection to be closed; ${client.describe()}`);
}

function checkRequest(place: string, request: UpstreamRequest, wanted: ExpectedRequest): void {
  const { message } = request;
  if (message.method !== wanted.method || message.target !== wanted.target) {
    throw new Error(`${place}: expected ${wanted.method} ${wanted.target}, got ${message.startLine}`);
  }
  if (!message.isComplete) throw new Error(`${place}: expected a complete body, got ${message.body.length} bytes`);
  checkHeaders(place, message, wanted.headers);
  if (wanted.body !== null && !message.body.equals(wanted.body)) {
    throw new Error(
      `${place}: expected the body ${JSON.stringify(wanted.body.toString("latin1"))}, got ${message.text}`,
    );
  }
}

function checkHeaders(place: string, message: HttpMessage, checks: readonly HeaderCheck[]): void {
  for (const check of checks) {
    const values = message.all(check.name);
    if (check.kind === "lacks" && values.length > 0) {
      throw new Error(`${place}: expected no ${check.name}, got ${JSON.stringify(values)}`);
    }
    if (check.kind === "has" && !values.includes(check.value)) {
      throw new Error(`${place}: expected ${check.name}: ${check.value}, got ${JSON.stringify(values)}`);
    }
  }
}
