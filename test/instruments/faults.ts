/**
 * Every way a provider is known to fail, each as something the fake upstream can play. What the gateway must make of
 * each is stated by `test/faults/`.
 */
import { gzipSync } from "node:zlib";
import {
  bodyAnswer,
  chatStreamEvents,
  chatCompletion,
  chatStream,
  errorAnswer,
  eventStream,
  EXAMPLE_USAGE,
  jsonAnswer,
} from "./answers.ts";
import { coalesced, encodeStep, inPieces, type Script, type Step } from "./script.ts";
import type { ConnectionPlan } from "./script-player.ts";

const FIN: Step = { kind: "fin" };
const RST: Step = { kind: "rst" };
const SILENCE: Step = { kind: "silence" };

/** Events of a stream that stops in the middle: the role and two texts, no finish. */
function beginning(): string[] {
  return chatStreamEvents({ chunks: ["Hel", "lo"], finish: false, done: false });
}

function brokenStream(ending: readonly Step[]): Script {
  return eventStream(beginning(), { ending });
}

/** Takes the request and never answers. */
export const blackhole = (): Script => [SILENCE];

export const resetBeforeHeaders = (): Script => [RST];
export const finBeforeHeaders = (): Script => [FIN];
export const resetInsideHeaders = (): Script => [{ kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-ty" }, RST];
export const finInsideHeaders = (): Script => [{ kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-ty" }, FIN];

/** A good answer whose head comes a byte at a time. */
export const trickledHeaders = (): Script => inPieces(chatCompletion(), 1);

/** A head that begins and never ends. */
export const stalledHeaders = (): Script => [
  { kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" },
  SILENCE,
];

export const rateLimitedSeconds = (seconds = 7): Script =>
  errorAnswer(
    429,
    { message: "Rate limit reached for example-model.", type: "requests", code: "rate_limit_exceeded" },
    { headers: [["retry-after", String(seconds)]] },
  );

export const rateLimitedDate = (date: Date = new Date("2030-01-01T00:00:00Z")): Script =>
  errorAnswer(
    429,
    { message: "Rate limit reached for example-model.", type: "tokens", code: "rate_limit_exceeded" },
    { headers: [["retry-after", date.toUTCString()]] },
  );

export const serverError = (): Script =>
  errorAnswer(500, { message: "The server had an error while processing your request.", type: "server_error" });
export const unavailable = (): Script =>
  errorAnswer(503, { message: "The engine is currently overloaded.", type: "service_unavailable" });
/** 529 is what some providers say when all of them is busy. */
export const overloaded = (): Script => errorAnswer(529, { message: "Overloaded.", type: "overloaded_error" });

/** Status 200, and the body is an error. */
export const errorIn200 = (): Script =>
  jsonAnswer({ error: { message: "The model failed to load.", type: "server_error", param: null, code: null } });

export const htmlAnswer = (): Script =>
  bodyAnswer("<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>", "text/html");

/** A good body under a content type that is not its own. */
export const wrongContentType = (): Script => {
  const body = encodeStep(chatCompletion()[1] as Step) as Buffer;
  return bodyAnswer(body, "application/octet-stream");
};

/** Asked for a stream, answers with HTML and status 200. */
export const htmlInsteadOfStream = (): Script => htmlAnswer();

/** The length is right, the JSON is not. */
export const truncatedJson = (): Script => {
  const body = encodeStep(chatCompletion()[1] as Step) as Buffer;
  return bodyAnswer(body.subarray(0, body.length - 20), "application/json");
};

/** Fewer bytes than Content-Length promised, then a FIN. */
export const shortContentLength = (): Script => {
  const body = encodeStep(chatCompletion()[1] as Step) as Buffer;
  return [
    {
      kind: "head",
      status: 200,
      headers: [
        ["content-type", "application/json"],
        ["content-length", String(body.length + 50)],
      ],
    },
    { kind: "bytes", data: body },
    FIN,
  ];
};

/** More bytes than Content-Length promised: what is over must never be taken for an answer. */
export const longContentLength = (): Script => {
  const body = encodeStep(chatCompletion()[1] as Step) as Buffer;
  return coalesced([
    {
      kind: "head",
      status: 200,
      headers: [
        ["content-type", "application/json"],
        ["content-length", String(body.length)],
      ],
    },
    { kind: "bytes", data: body },
    { kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged" },
  ]);
};

export const badChunkSize = (): Script =>
  brokenStream([{ kind: "bytes", data: "zz\r\ndata: x\n\n\r\n0\r\n\r\n" }, SILENCE]);
export const hugeChunkSize = (): Script =>
  brokenStream([{ kind: "bytes", data: "ffffffffffffffffff\r\ndata: x\n\n" }, SILENCE]);
export const missingChunkEnd = (): Script => brokenStream([{ kind: "bytes", data: "3\r\nabcXX0\r\n\r\n" }, SILENCE]);

export const resetMidStream = (): Script => brokenStream([{ kind: "pause", ms: 20 }, RST]);
export const finMidStream = (): Script => brokenStream([FIN]);
export const silenceMidStream = (): Script => brokenStream([SILENCE]);
/** The connection ends inside an event, after half a chunk. */
export const finInsideChunk = (): Script => brokenStream([{ kind: "bytes", data: '50\r\ndata: {"id":"chatcmpl' }, FIN]);

/** A stream that says itself that it failed, and then ends in good order. */
export const errorEventMidStream = (): Script =>
  eventStream([
    ...beginning(),
    'data: {"error":{"message":"The server had an error.","type":"server_error","param":null,"code":null}}\n\n',
  ]);

/** Everything but `[DONE]`; the body ends in good order. */
export const missingEndMarker = (): Script => chatStream({ done: false });

/** Neither finish_reason nor `[DONE]`; the body ends in good order. */
export const missingFinish = (): Script => brokenStream([{ kind: "last-chunk" }]);

export const duplicatedEndMarker = (): Script =>
  eventStream([...chatStreamEvents({ usage: EXAMPLE_USAGE }), "data: [DONE]\n\n"]);

/** A good stream a byte at a time, framing and all. */
export const oneByteAtATime = (): Script => inPieces(chatStream(), 1);

/** One event of `bytes` bytes inside an otherwise good stream. */
export const hugeEvent = (bytes = 10 * 1024 * 1024): Script => chatStream({ chunks: ["x".repeat(bytes)] });

/** A content delta that is not UTF-8: a lone continuation byte and an overlong form. */
export const invalidUtf8 = (): Script => {
  const events = chatStreamEvents({ chunks: ["@"] }).map((event) => Buffer.from(event));
  const broken = events.map((event) => {
    const at = event.indexOf("@");
    if (at < 0) return event;
    return Buffer.concat([event.subarray(0, at), Buffer.from([0x80, 0xc0, 0xaf, 0xff]), event.subarray(at + 1)]);
  });
  return eventStream(broken);
};

/** Compressed, though the request said `accept-encoding: identity`. */
export const gzipThoughIdentity = (): Script => {
  const body = encodeStep(chatCompletion()[1] as Step) as Buffer;
  return bodyAnswer(gzipSync(body), "application/json", { headers: [["content-encoding", "gzip"]] });
};

export const gzipStreamThoughIdentity = (): Script => {
  const whole = gzipSync(Buffer.from(chatStreamEvents({ usage: EXAMPLE_USAGE }).join("")));
  const middle = Math.floor(whole.length / 2);
  return eventStream([whole.subarray(0, middle), whole.subarray(middle)], { headers: [["content-encoding", "gzip"]] });
};

/** Sends the caller's request, key and all, somewhere else, if one lets it. */
export const redirectElsewhere = (location = "http://attacker.example.com/v1/chat/completions"): Script => [
  {
    kind: "head",
    status: 307,
    headers: [
      ["location", location],
      ["content-length", "0"],
    ],
  },
];

/** For `respondToHead`: a refusal sent before the body was read. */
export const answerBeforeRequest = (): Script =>
  errorAnswer(
    413,
    { message: "Request too large.", type: "invalid_request_error" },
    { headers: [["connection", "close"]] },
  );

/** Two different lengths. */
export const conflictingLengths = (): Script => [
  { kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!" },
  SILENCE,
];

/** A length and chunks at once: the mark of response smuggling. */
export const lengthAndChunks = (): Script => [
  {
    kind: "bytes",
    data: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  SILENCE,
];

/** Not HTTP at all. */
export const garbage = (): Script => [{ kind: "bytes", data: "SSH-2.0-OpenSSH_9.2\r\n\r\n" }, SILENCE];

export const hugeHead = (): Script => [
  { kind: "bytes", data: `HTTP/1.1 200 OK\r\nx-filler: ${"a".repeat(1024 * 1024)}\r\ncontent-length: 0\r\n\r\n` },
  SILENCE,
];

/** Interim answers without end. */
export const endlessInterim = (count = 10_000): Script => [
  { kind: "bytes", data: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count) },
  SILENCE,
];

/** A second answer nobody asked for, sent right behind the first on a kept connection. */
export const unaskedAnswer = (): Script =>
  coalesced([...chatCompletion(), { kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged" }]);

/** For `planConnection`: aborts every connection as soon as it was accepted. */
export const resetOnAccept = (): ConnectionPlan => ({ kind: "at-open", script: [RST] });

/** For `planConnection`, behind an https base_url: answers the ClientHello in plain HTTP. */
export const plaintextOnTls = (): ConnectionPlan => ({
  kind: "at-first-bytes",
  script: [{ kind: "bytes", data: "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" }, FIN],
});

/** For `planConnection`, behind an https base_url: answers the ClientHello with bytes that are no TLS record. */
export const handshakeGarbage = (): ConnectionPlan => ({
  kind: "at-first-bytes",
  script: [{ kind: "bytes", data: Buffer.from("16030100ffdeadbeefdeadbeefdeadbeef", "hex") }, FIN],
});

/** For `planConnection`, behind an https base_url: takes the ClientHello and never answers. */
export const handshakeSilence = (): ConnectionPlan => ({ kind: "at-first-bytes", script: [SILENCE] });
