/** The auditor against an ops listener that says what the test tells it to: it must fail where something is held. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chatCompletion } from "./answers.ts";
import { auditPermits, readMetric } from "./permit-audit.ts";
import { RawClient, writePost } from "./raw-client.ts";
import type { TestGateway } from "./test-gateway.ts";
import { makeGate } from "./until.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

const DEADLINE_MS = 100;
let status: unknown;
let metrics: string;
let ops: Bun.Server<undefined>;
let gateway: TestGateway;
let upstream: Upstream;

beforeAll(() => {
  ops = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => (new URL(request.url).pathname === "/status" ? Response.json(status) : new Response(metrics)),
  });
  upstream = startUpstream({ respond: () => chatCompletion() });
  gateway = {
    socketPath: "",
    httpPort: 0,
    opsPort: ops.port as number,
    pid: process.pid,
    configPath: "",
    logs: [],
    writeConfig: async () => {},
    residentBytes: () => 0,
    stop: async () => 0,
  };
});
beforeEach(() => {
  status = { providers: { a: { in_flight: 0 }, b: { in_flight: 0 } } };
  metrics = 'llm_in_flight_requests{provider="a"} 0\nllm_in_flight_requests{provider="b"} 0\n';
  upstream.respond = () => chatCompletion();
  upstream.forget();
});
afterAll(async () => {
  upstream.stop();
  await ops.stop(true);
});

const audit = (noIdleConnections = false) =>
  auditPermits(gateway, [upstream], { noIdleConnections, deadlineMs: DEADLINE_MS });

test("passes where nothing is held", async () => {
  await audit();
});

test("fails where /status shows an exchange in flight", async () => {
  status = { providers: { a: { in_flight: 0 }, b: { in_flight: 1 } } };
  await expect(audit()).rejects.toThrow("in flight 1 by /status");
});

test("fails where the metrics show one", async () => {
  metrics = 'llm_in_flight_requests{provider="a"} 2\n';
  await expect(audit()).rejects.toThrow("2 by /metrics");
});

test("fails where the metric is missing or /status lists no provider", async () => {
  metrics = "";
  await expect(audit()).rejects.toThrow("NaN by /metrics");
  status = {};
  await expect(audit()).rejects.toThrow("permits leaked");
});

test("fails where the upstream is still busy, or keeps a connection that none should keep", async () => {
  const gate = makeGate();
  upstream.respond = () => [{ kind: "wait", until: gate.opened }, ...chatCompletion()];
  const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
  await client.send(writePost("/v1/chat/completions", "{}"));
  await upstream.waitForRequests(1);
  await expect(audit()).rejects.toThrow("in the middle of an exchange");
  gate.open();
  await client.readAnswer();
  await audit();
  await expect(audit(true)).rejects.toThrow("1 connections still open");
  client.close();
  await audit(true);
});

test("fails where the gateway wrote what is not HTTP", async () => {
  const client = await RawClient.connect({ kind: "tcp", port: upstream.port });
  await client.send("GET / HTTP/1.1\n\n\r\n\r\n");
  await client.waitForEnd();
  client.close();
  await expect(audit()).rejects.toThrow("broken HTTP upstream");
});

test("reads metrics with labels, escapes and without", () => {
  const text = '# TYPE a gauge\na{x="1",y="q\\"\\\\"} 2.5\na 3\nab 4\n';
  expect(readMetric(text, "a")).toEqual([
    { labels: { x: "1", y: 'q"\\' }, value: 2.5 },
    { labels: {}, value: 3 },
  ]);
});
