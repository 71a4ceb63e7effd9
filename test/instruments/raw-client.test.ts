/** The raw client and the fake upstream against each other: both must be trusted before the gateway stands between them. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bodyAnswer, chatCompletion, chatStream, chatStreamEvents, jsonAnswer } from "./answers.ts";
import { testCertificates } from "./certificates.ts";
import * as faults from "./faults.ts";
import { RawClient, writePost } from "./raw-client.ts";
import { coalesced, countBytes, cutAt, encodeStep, inPieces, type Script } from "./script.ts";
import { makeGate, until } from "./until.ts";
import { findClosedPort, startUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";

const started: Upstream[] = [];

function start(options: UpstreamOptions | (() => Script)): Upstream {
  const upstream = startUpstream(typeof options === "function" ? { respond: options } : options);
  started.push(upstream);
  return upstream;
}

afterEach(() => {
  for (const upstream of started.splice(0)) upstream.stop();
});

const POST = writePost("/v1/chat/completions", '{"model":"m"}');

async function post(upstream: Upstream): Promise<RawClient> {
  const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
  await client.send(POST);
  return client;
}

describe("a good exchange", () => {
  test("shows the upstream the exact request and the client the exact answer", async () => {
    const upstream = start(() => jsonAnswer({ hello: "wörld" }));
    const client = await post(upstream);
    const answer = await client.readAnswer();
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ hello: "wörld" });
    const seen = upstream.lastRequest.message;
    expect(Buffer.concat([seen.rawHead, seen.rawBody]).equals(POST)).toBe(true);
    expect([seen.method, seen.target, seen.text]).toEqual(["POST", "/v1/chat/completions", '{"model":"m"}']);
    client.close();
  });

  test("keeps the connection for the next request, also when both were sent at once", async () => {
    let count = 0;
    const upstream = start(() => {
      count += 1;
      return jsonAnswer({ count });
    });
    const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
    await client.send(Buffer.concat([POST, POST]));
    expect((await client.readAnswer(1)).json()).toEqual({ count: 2 });
    await client.send(POST);
    expect((await client.readAnswer(2)).json()).toEqual({ count: 3 });
    expect(upstream.totalConnections).toBe(1);
    expect(upstream.requests.map((request) => request.indexOnConnection)).toEqual([0, 1, 2]);
    expect(upstream.busyConnections).toBe(0);
    client.close();
    await upstream.waitForNoConnections();
    expect(upstream.connections[0]?.peerLeft).toBe("fin");
  });

  test("reads a chunked request and keeps both its wire form and its content", async () => {
    const upstream = start(() => jsonAnswer({}));
    const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
    const framed = "3;a=b\r\nabc\r\n02\r\nde\r\n0\r\nx: y\r\n\r\n";
    await client.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${framed}`, { pieceBytes: 1 });
    await client.readAnswer();
    expect(upstream.lastRequest.message.text).toBe("abcde");
    expect(upstream.lastRequest.message.rawBody.toString()).toBe(framed);
    expect(upstream.lastRequest.message.trailers).toEqual([["x", "y"]]);
    client.close();
  });

  test("delivers each written chunk alone to a reader in the same process", async () => {
    const upstream = start(() => chatStream());
    const client = await post(upstream);
    const answer = await client.readAnswer();
    expect(answer.chunks.map(String)).toEqual(chatStreamEvents());
    // One piece for the head, one per event, one for the end of the body.
    expect(client.pieces.length).toBe(chatStreamEvents().length + 2);
    client.close();
  });

  test("closes after an answer that says so", async () => {
    const upstream = start(() => jsonAnswer({}, { headers: [["connection", "close"]] }));
    const client = await post(upstream);
    expect(await client.waitForEnd()).toBe("fin");
    expect(client.answers.length).toBe(1);
    expect(client.syntaxError).toBeNull();
    await upstream.waitForNoConnections();
  });

  test("works over a Unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llmux-instruments-"));
    try {
      const path = join(folder, "s");
      start({ respond: () => chatCompletion(), listen: { kind: "unix", path } });
      const client = await RawClient.connect({ kind: "unix", path });
      await client.send(POST, { pieceBytes: 7 });
      expect((await client.readAnswer()).status).toBe(200);
      client.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("works over TLS with a certificate the client trusts", async () => {
    const { server, caPem } = testCertificates();
    const upstream = start({ respond: () => chatStream(), tls: server });
    const client = await RawClient.connect({ kind: "tls", port: upstream.port, caPem });
    await client.send(POST);
    expect((await client.readAnswer()).text).toBe(chatStreamEvents().join(""));
    client.close();
    await upstream.waitForNoConnections();
  });

  test("does not take a body after HEAD, 204 and 304, and reads 1xx before the answer", async () => {
    const scripts: Script[] = [
      [{ kind: "head", status: 200, headers: [["content-length", "5"]] }],
      [{ kind: "head", status: 204, headers: [] }],
      [{ kind: "head", status: 304, headers: [["content-length", "5"]] }],
      [{ kind: "bytes", data: "HTTP/1.1 100 Continue\r\n\r\n" }, ...jsonAnswer({ last: true })],
    ];
    const upstream = start(() => scripts.shift() ?? []);
    const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
    client.expectAnswerTo("HEAD");
    await client.send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.send(Buffer.concat([POST, POST, POST]));
    expect((await client.readAnswer(3)).json()).toEqual({ last: true });
    expect(client.messages.map((message) => message.status)).toEqual([200, 204, 304, 100, 200]);
    client.close();
  });
});

describe("the end of a connection", () => {
  test("a FIN and a reset are told apart on both sides", async () => {
    const upstream = start(() => faults.resetBeforeHeaders());
    const reset = await post(upstream);
    expect(await reset.waitForEnd()).toBe("reset");
    upstream.respond = () => faults.finBeforeHeaders();
    const fin = await post(upstream);
    expect(await fin.waitForEnd()).toBe("fin");
    upstream.respond = () => faults.blackhole();
    const leaving = await post(upstream);
    await upstream.waitForRequests(3);
    leaving.abort();
    await until("the upstream to see the reset", () => upstream.connections[2]?.peerLeft === "reset");
    const closing = await post(upstream);
    await upstream.waitForRequests(4);
    closing.close();
    await until("the upstream to see the FIN", () => upstream.connections[3]?.peerLeft === "fin");
    await upstream.waitForNoConnections();
  });

  test("a client that closes half still reads its answer", async () => {
    const gate = makeGate();
    const upstream = start({
      respond: () => [],
      planConnection: () => ({ kind: "at-first-bytes", script: [{ kind: "wait", until: gate.opened }] }),
    });
    const client = await post(upstream);
    client.halfClose();
    await until("the FIN to arrive", () => upstream.connections[0]?.peerLeft === "fin");
    gate.open();
    expect(await client.waitForEnd()).toBe("fin");
  });

  test("a refused port refuses", async () => {
    const refused = RawClient.connect({ kind: "tcp", port: findClosedPort() });
    await expect(refused).rejects.toThrow("Failed to connect");
  });

  test("a body cut short is seen as such, wherever it is cut", async () => {
    const whole = chatStream();
    const bytes = countBytes(whole);
    for (const at of [1, 20, Math.floor(bytes / 2), bytes - 1]) {
      const upstream = start(() => cutAt(whole, at, { kind: "fin" }));
      const client = await post(upstream);
      expect(await client.waitForEnd()).toBe("fin");
      expect(client.received.length).toBe(at);
      expect(client.answers.length).toBe(0);
      expect(client.syntaxError?.message).toContain("ended inside a message");
    }
  });
});

describe("the upstream as an instrument", () => {
  test("waits where the script says so and goes on when the test says so", async () => {
    const gate = makeGate();
    const upstream = start(() => {
      const [head, first, ...rest] = chatStream();
      return [head, first, { kind: "wait", until: gate.opened }, ...rest] as Script;
    });
    const client = await post(upstream);
    await client.readUntil(chatStreamEvents()[0] as string);
    expect(upstream.busyConnections).toBe(1);
    expect(client.answers.length).toBe(0);
    gate.open();
    expect((await client.readAnswer()).text).toBe(chatStreamEvents().join(""));
    await until("the script to have ended", () => upstream.busyConnections === 0);
    client.close();
  });

  test("answers before the body was read where told to", async () => {
    const upstream = start({ respond: () => [], respondToHead: () => faults.answerBeforeRequest() });
    const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
    await client.send(POST.subarray(0, POST.length - 5));
    expect((await client.readAnswer()).status).toBe(413);
    expect(upstream.lastRequest.message.isComplete).toBe(false);
    client.close();
  });

  test("names what no sender may write", async () => {
    const upstream = start(() => jsonAnswer({}));
    const broken = [
      "POST / HTTP/1.1\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost : a\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na",
      "GET /a b HTTP/1.1\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
    ];
    for (const [index, bytes] of broken.entries()) {
      const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
      await client.send(bytes.endsWith("\n\r\n") || bytes.endsWith("a") ? bytes : `${bytes}\r\n\r\n`);
      await client.waitForEnd();
      expect(upstream.syntaxErrors.length, bytes).toBe(index + 1);
    }
  });

  test("carries a 10 MB event through back-pressure, with the client reading late", async () => {
    const upstream = start(() => faults.hugeEvent());
    const client = await post(upstream);
    client.pauseReading();
    await until("the socket to be full", () => (upstream.connections[0]?.bytesSent ?? 0) > 64 * 1024);
    expect(upstream.busyConnections).toBe(1);
    client.resumeReading();
    expect((await client.readAnswer()).body.length).toBeGreaterThan(10 * 1024 * 1024);
    client.close();
  });

  test("reports an error of the test's own callback and frees the client", async () => {
    const upstream = start(() => {
      throw new Error("no such script");
    });
    const client = await post(upstream);
    expect(await client.waitForEnd()).toBe("reset");
    expect(String(upstream.scriptErrors[0])).toContain("no such script");
  });
});

describe("TLS failures", () => {
  const { caPem, stranger, otherName, expired } = testCertificates();
  const cases = [
    ["a certificate of an unknown authority", { tls: stranger }],
    ["a certificate for another name", { tls: otherName }],
    ["an expired certificate", { tls: expired }],
    ["plain HTTP on the port", { planConnection: faults.plaintextOnTls }],
    ["garbage in the handshake", { planConnection: faults.handshakeGarbage }],
  ] as const;
  for (const [name, options] of cases) {
    test(`${name} fails the handshake`, async () => {
      const upstream = start({ respond: () => chatCompletion(), ...options });
      const connecting = (async () => {
        const client = await RawClient.connect({ kind: "tls", port: upstream.port, caPem });
        client.close();
      })();
      await expect(connecting).rejects.toThrow();
      expect(upstream.requests.length).toBe(0);
    });
  }
});

describe("scripts", () => {
  const bytesOf = (script: Script): Buffer => Buffer.concat(script.map((step) => encodeStep(step) ?? Buffer.alloc(0)));

  test("are the same bytes in pieces, coalesced, and cut at their end", () => {
    const script = chatStream();
    const bytes = bytesOf(script);
    expect(bytesOf(inPieces(script, 1)).equals(bytes)).toBe(true);
    expect(bytesOf(coalesced(script)).equals(bytes)).toBe(true);
    expect(coalesced(script).length).toBe(1);
    expect(bytesOf(cutAt(script, bytes.length, { kind: "fin" })).equals(bytes)).toBe(true);
    expect(bytesOf(cutAt(script, 33, { kind: "rst" })).equals(bytes.subarray(0, 33))).toBe(true);
  });

  test("refuse an empty chunk, which would end the body", () => {
    expect(() => encodeStep({ kind: "chunk", data: "" })).toThrow("ends the body");
  });

  test("every good answer is complete HTTP for the strict reader", async () => {
    for (const script of [
      bodyAnswer("", "text/plain"),
      chatCompletion(),
      faults.duplicatedEndMarker(),
      faults.invalidUtf8(),
    ]) {
      const upstream = start(() => script);
      const client = await post(upstream);
      expect((await client.readAnswer()).isComplete).toBe(true);
      client.close();
    }
  });
});
