import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type OpsListener, type OpsListenerOptions, startOpsListener } from "../../src/listener/ops.ts";

const listeners: OpsListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
});

function start(options: Partial<OpsListenerOptions> = {}) {
  const errors: unknown[] = [];
  const listener = startOpsListener({
    host: "127.0.0.1",
    port: 0,
    unreadiness: () => [],
    renderMetrics: async () => "llm_config_generation 1\n",
    status: () => ({ version: "1.2.3", draining: false }),
    onError: (error) => errors.push(error),
    ...options,
  });
  listeners.push(listener);
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${listener.port}${path}`, init);
  return { listener, ask, errors };
}

/** Sends bytes as they are and reads until the other side closes, or said all of one answer without a body to wait for. */
function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${JSON.stringify(bytes)}`)));
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (received.includes("\r\n\r\n")) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
  });
}

describe("the ops listener", () => {
  test("answers live, ready, metrics and status", async () => {
    const { ask } = start();
    const live = await ask("/health/live");
    expect([live.status, await live.text()]).toEqual([200, '{"status":"ok"}']);
    const ready = await ask("/health/ready");
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
    const metrics = await ask("/metrics");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await metrics.text()).toBe("llm_config_generation 1\n");
    const status = await ask("/status?pretty=1");
    expect(status.headers.get("content-type")).toBe("application/json");
    expect(await status.json()).toEqual({ version: "1.2.3", draining: false });
  });

  test("is live but not ready while there are reasons, as they come and go", async () => {
    const reasons: string[] = [];
    const { ask } = start({ unreadiness: () => reasons });
    expect((await ask("/health/ready")).status).toBe(200);
    reasons.push("draining");
    const ready = await ask("/health/ready");
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false, reasons: ["draining"] }]);
    expect((await ask("/health/live")).status).toBe(200);
  });

  test("answers HEAD as GET without the body", async () => {
    const { listener } = start();
    const answer = await sendRaw(listener.port, "HEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(answer).toStartWith("HTTP/1.1 200 ");
    expect(answer.toLowerCase()).toContain("content-length: 24\r\n");
    expect(answer).toEndWith("\r\n\r\n");
  });

  test("knows no other path and no other method", async () => {
    const { ask, listener } = start();
    for (const path of ["/", "/health", "/metrics/", "//metrics", "/status/x", "/x/../y", "/METRICS"]) {
      const answer = await sendRaw(listener.port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect([path, answer.slice(0, 13)]).toEqual([path, "HTTP/1.1 404 "]);
    }
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const response = await ask("/metrics", { method });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "GET, HEAD"]);
    }
    expect((await ask("/metrics", { method: "POST", body: "x".repeat(100_000) })).status).toBe(413);
  });

  test.each(["a", "a/b", "a b", "", "[::", "a?q#f", "a\r\nHost: b", "a:99999", "\u00ff"])(
    "finds its paths whatever Host says: %j",
    async (host) => {
      const { listener, errors } = start();
      const ask = (path: string) => sendRaw(listener.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(await ask("/health/live?x=/metrics#y")).toStartWith("HTTP/1.1 200 ");
      expect(await ask("/nothing/health/live")).toStartWith("HTTP/1.1 404 ");
      expect(errors).toEqual([]);
    },
  );

  test("survives what is no plain request", async () => {
    const { listener, ask } = start();
    const close = "Host: a\r\nConnection: close\r\n\r\n";
    for (const line of ["CONNECT a:1", "TRACE /metrics", "GET http://evil.example/nothing", "GET *", "BREW /metrics"]) {
      const answer = await sendRaw(listener.port, `${line} HTTP/1.1\r\n${close}`);
      expect([line, answer]).toEqual([line, expect.not.stringMatching(/^HTTP\/1\.1 [25]/)]);
    }
    await sendRaw(listener.port, "\0\0\0\r\n\r\n");
    expect((await ask("/health/live")).status).toBe(200);
  });

  test("answers 500 without details when an answer cannot be made, and tells the log", async () => {
    const broken = new Error("secret detail");
    const { ask, errors } = start({
      renderMetrics: () => Promise.reject(broken),
      status: () => {
        throw broken;
      },
    });
    for (const path of ["/metrics", "/status"]) {
      const response = await ask(path);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain("secret detail");
    }
    expect(errors).toEqual([broken, broken]);
    expect((await ask("/health/live")).status).toBe(200);
  });

  test("throws when its address is in use, instead of sharing it", () => {
    const { listener } = start();
    expect(() => start({ port: listener.port })).toThrow();
  });

  test("refuses connections once it is stopped", async () => {
    const { listener, ask } = start();
    expect((await ask("/health/live")).status).toBe(200);
    await listener.stop();
    await expect(ask("/health/live")).rejects.toThrow();
  });
});
