/**
 * Every way a provider fails, end to end. The principles:
 * - an answer that never began becomes an error of the gateway, in the caller's dialect, with a status that says whose fault;
 * - a provider's own error passes as it is;
 * - a stream that broke is never shown as finished: an error event, and a connection that ends without the last chunk;
 * - what is merely strange (bytes, encodings, order) passes untouched;
 * - each fault is counted once, under its type, and touches nobody else.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import * as faults from "../instruments/faults.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { type RawClient, writePost } from "../instruments/raw-client.ts";
import { encodeStep, type Script } from "../instruments/script.ts";
import { HttpReader } from "../instruments/http-reader.ts";
import { ask, checkWard, closeWard, countErrors, openWard, waitForOutcome, type Ward } from "./faulty-providers.ts";

let ward: Ward;
beforeAll(async () => {
  ward = await openWard();
});
afterAll(() => closeWard(ward));
afterEach(() => checkWard(ward));

type Expected =
  /** An error of the gateway's own. */
  | { readonly kind: "error"; readonly status: number; readonly types: readonly string[] }
  /** The provider's answer as it is; `types` is empty where nothing was its fault. */
  | { readonly kind: "passed"; readonly types: readonly string[] }
  /** A stream that began and is shown to be broken. */
  | { readonly kind: "broken"; readonly types: readonly string[] };

type FaultCase = {
  readonly name: string;
  readonly fault: () => Script;
  readonly whole?: Expected;
  readonly stream?: Expected;
};

const error = (status: number, ...types: string[]): Expected => ({ kind: "error", status, types });
const passed = (...types: string[]): Expected => ({ kind: "passed", types });
const broken = (...types: string[]): Expected => ({ kind: "broken", types });
/** The same whether a stream was asked for or not. */
const both = (expected: Expected) => ({ whole: expected, stream: expected });

const CASES: readonly FaultCase[] = [
  { name: "never answers", fault: faults.blackhole, ...both(error(504, "timeout_first_byte")) },
  { name: "resets before the headers", fault: faults.resetBeforeHeaders, ...both(error(502, "reset")) },
  { name: "closes before the headers", fault: faults.finBeforeHeaders, ...both(error(502, "reset", "truncated")) },
  { name: "resets inside the headers", fault: faults.resetInsideHeaders, ...both(error(502, "reset")) },
  { name: "closes inside the headers", fault: faults.finInsideHeaders, ...both(error(502, "reset", "truncated")) },
  { name: "trickles its headers", fault: faults.trickledHeaders, whole: passed() },
  { name: "stalls inside the headers", fault: faults.stalledHeaders, ...both(error(504, "timeout_first_byte")) },
  { name: "says 429 with seconds", fault: faults.rateLimitedSeconds, ...both(passed("http_429")) },
  { name: "says 429 with a date", fault: faults.rateLimitedDate, ...both(passed("http_429")) },
  { name: "says 500", fault: faults.serverError, ...both(passed("http_5xx")) },
  { name: "says 503", fault: faults.unavailable, ...both(passed("http_5xx")) },
  { name: "says 529", fault: faults.overloaded, ...both(passed("http_5xx")) },
  { name: "says 200 with an error", fault: faults.errorIn200, whole: error(502, "error_in_200") },
  { name: "answers with a web page", fault: faults.htmlAnswer, ...both(error(502, "content_type")) },
  { name: "names another content type", fault: faults.wrongContentType, whole: passed() },
  { name: "answers with half a JSON text", fault: faults.truncatedJson, whole: error(502, "truncated") },
  { name: "sends less than it promised", fault: faults.shortContentLength, whole: error(502, "truncated") },
  { name: "sends more than it promised", fault: faults.longContentLength, whole: passed() },
  { name: "sends a bad chunk size", fault: faults.badChunkSize, stream: broken("protocol") },
  { name: "sends a huge chunk size", fault: faults.hugeChunkSize, stream: broken("protocol") },
  { name: "forgets the end of a chunk", fault: faults.missingChunkEnd, stream: broken("protocol") },
  { name: "resets in the middle of a stream", fault: faults.resetMidStream, stream: broken("reset") },
  { name: "closes in the middle of a stream", fault: faults.finMidStream, stream: broken("truncated") },
  { name: "closes inside a chunk", fault: faults.finInsideChunk, stream: broken("truncated") },
  { name: "falls silent in the middle", fault: faults.silenceMidStream, stream: broken("timeout_idle") },
  { name: "sends an error event", fault: faults.errorEventMidStream, stream: passed("stream_error") },
  { name: "forgets the end marker", fault: faults.missingEndMarker, stream: passed() },
  { name: "ends in good order, the answer unfinished", fault: faults.missingFinish, stream: broken("truncated") },
  { name: "sends the end marker twice", fault: faults.duplicatedEndMarker, stream: passed() },
  { name: "sends a byte at a time", fault: faults.oneByteAtATime, stream: passed() },
  { name: "sends an event of 10 MB", fault: faults.hugeEvent, stream: passed() },
  { name: "sends invalid UTF-8", fault: faults.invalidUtf8, stream: passed() },
  { name: "compresses unasked", fault: faults.gzipThoughIdentity, whole: passed() },
  { name: "compresses a stream unasked", fault: faults.gzipStreamThoughIdentity, stream: passed() },
  { name: "redirects elsewhere", fault: faults.redirectElsewhere, ...both(error(502, "redirect")) },
  { name: "says two lengths", fault: faults.conflictingLengths, ...both(error(502, "protocol")) },
  { name: "says a length and sends chunks", fault: faults.lengthAndChunks, ...both(error(502, "protocol")) },
  { name: "does not speak HTTP", fault: faults.garbage, ...both(error(502, "protocol")) },
  { name: "sends a head without end", fault: faults.hugeHead, ...both(error(502, "protocol")) },
  { name: "sends interim answers without end", fault: faults.endlessInterim, ...both(error(502, "protocol")) },
  { name: "sends an answer nobody asked for", fault: faults.unaskedAnswer, whole: passed() },
];

describe("a provider that", () => {
  for (const { name, fault, whole, stream } of CASES) {
    for (const [isStream, expected] of [
      [false, whole],
      [true, stream],
    ] as const) {
      if (expected === undefined) continue;
      test(`${name} (${isStream ? "a stream" : "no stream"}): ${expected.kind}`, async () => {
        // Called without the request: some faults take parameters of their own.
        ward.sick.respond = () => fault();
        const grown = await countErrors(ward, "sick", expected.types, async () => {
          const client = await ask(ward, "sick", { isStream });
          await waitForOutcome(client);
          await checkOutcome(client, expected, fault());
          client.close();
        });
        expect(grown).toBe(expected.types.length === 0 ? 0 : 1);
      });
    }
  }
});

describe("a provider whose connection fails", () => {
  const cases: readonly (readonly [model: string, what: string, expected: Expected])[] = [
    ["refusing", "refuses", error(502, "connect")],
    ["unknown-name", "has a name nobody knows", error(502, "dns")],
    ["tls-stranger", "shows a certificate of an unknown authority", error(502, "tls")],
    ["tls-other-name", "shows a certificate for another name", error(502, "tls")],
    ["tls-expired", "shows an expired certificate", error(502, "tls")],
    ["tls-plaintext", "speaks no TLS", error(502, "tls")],
    ["tls-garbage", "answers the handshake with garbage", error(502, "tls")],
    ["tls-silent", "never answers the handshake", error(504, "timeout_connect", "tls")],
    ["tls-reset", "resets in the handshake", error(502, "tls", "reset", "connect")],
  ];
  for (const [model, what, expected] of cases) {
    test(`because it ${what}: ${expected.kind === "error" ? expected.status : ""}`, async () => {
      const grown = await countErrors(ward, model, expected.types, async () => {
        const client = await ask(ward, model, { isStream: false });
        await waitForOutcome(client);
        await checkOutcome(client, expected, []);
        client.close();
      });
      expect(grown).toBe(1);
      // Nothing of the request, its key least of all, may have left for an unproven peer.
      for (const upstream of ward.all) expect(upstream === ward.sick ? 0 : upstream.syntaxErrors.length).toBe(0);
    });
  }

  test("a trusted certificate is no fault", async () => {
    const client = await ask(ward, "tls-trusted", { isStream: true });
    expect((await client.readAnswer()).text).toEndWith("data: [DONE]\n\n");
    client.close();
  });
});

describe("an answer before the request was read", () => {
  afterEach(() => {
    ward.sick.respondToHead = () => null;
  });

  test("passes, and the connection is not used again", async () => {
    ward.sick.respondToHead = () => faults.answerBeforeRequest();
    const client = await ask(ward, "sick", { isStream: false, padding: 4 * 1024 * 1024 });
    const answer = await client.readAnswer();
    expect(answer.status).toBe(413);
    expect(answer.text).toContain("Request too large.");
    client.close();
  });
});

describe("after a fault", () => {
  test("the provider's next request is answered from its own answer, not from leftovers", async () => {
    for (const fault of [faults.longContentLength, faults.unaskedAnswer]) {
      ward.sick.respond = () => fault();
      const client = await ask(ward, "sick", { isStream: false });
      await client.readAnswer();
      ward.sick.respond = ward.well.respond;
      await client.send(writePost("/v1/chat/completions", '{"model":"sick"}'));
      const answer = await client.readAnswer(1);
      expect(answer.text).toContain("chat.completion");
      expect(answer.text).not.toContain("forged");
      client.close();
    }
  });

  test("Retry-After passes as it was written", async () => {
    for (const [fault, value] of [
      [() => faults.rateLimitedSeconds(7), "7"],
      [() => faults.rateLimitedDate(), "Tue, 01 Jan 2030 00:00:00 GMT"],
    ] as const) {
      ward.sick.respond = () => fault();
      const client = await ask(ward, "sick", { isStream: true });
      expect((await client.readAnswer()).header("retry-after")).toBe(value);
      client.close();
    }
  });

  test("a redirect was followed by nobody", async () => {
    const target = ward.well;
    ward.sick.respond = () => faults.redirectElsewhere(`http://127.0.0.1:${target.port}/v1/chat/completions`);
    const client = await ask(ward, "sick", { isStream: false });
    expect((await client.readAnswer()).status).toBe(502);
    expect(target.requests.length).toBe(0);
    expect(client.received.includes("location")).toBe(false);
    client.close();
  });
});

async function checkOutcome(client: RawClient, expected: Expected, script: Script): Promise<void> {
  switch (expected.kind) {
    case "error": {
      const answer = await client.readAnswer();
      const words = expect.any(String);
      expect([answer.status, answer.json()]).toEqual([
        expected.status,
        { error: { message: words, type: words, param: null, code: words, source: "gateway" } },
      ]);
      expect(answer.text).not.toMatch(/127\.0\.0\.1|localhost|at .*\.ts/);
      return;
    }
    case "passed": {
      const answer = await client.readAnswer();
      const sent = readScript(script);
      expect(answer.status).toBe(sent.status);
      expect(answer.header("content-type")).toBe(sent.header("content-type"));
      expect(answer.header("content-encoding")).toBe(sent.header("content-encoding"));
      expect(Bun.hash(answer.body)).toBe(Bun.hash(sent.body));
      return;
    }
    case "broken": {
      expect(client.answers.length).toBe(0);
      const [message] = client.messages;
      expect(message?.status).toBe(200);
      // A FIN, not a reset: a reset could take with it what the caller has not read yet.
      expect(await client.waitForEnd()).toBe("fin");
      expect(client.syntaxError?.message).toContain("ended inside a message");
      const text = message?.text ?? "";
      expect(text).toStartWith(readScriptStart(script));
      expect(text).not.toContain("[DONE]");
      expect(text).toMatch(/data: \{"error":\{[^\n]*\}\}\n\n$/);
      return;
    }
    default:
      expected satisfies never;
  }
}

function bytesOf(script: Script): Buffer {
  return Buffer.concat(script.map((step) => encodeStep(step) ?? Buffer.alloc(0)));
}

/** The first answer of a script, as a client would read it. */
function readScript(script: Script): HttpMessage {
  let first: HttpMessage | null = null;
  const reader = new HttpReader({ side: "response", onEnd: (message) => (first ??= message) });
  reader.push(bytesOf(script));
  if (first === null) throw new Error("expected the script to hold a whole answer");
  return first;
}

/** The payload of a broken stream's first chunk, which must have arrived. */
function readScriptStart(script: Script): string {
  const chunk = script.find((step) => step.kind === "chunk");
  if (chunk?.kind !== "chunk") throw new Error("expected the script to send a chunk");
  return String(chunk.data);
}
