import { afterEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { type FakeGateway, rawAnswer, startFakeGateway } from "./fake-gateway.ts";
import { runCli } from "./run-cli.ts";

let gateway: FakeGateway | null = null;
afterEach(() => {
  gateway?.stop();
  gateway = null;
});

/** A port where nothing listens: it was ours a moment ago. */
async function findClosedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return address.port;
}

describe("probe", () => {
  test("asks over the socket and over the ops port, and is silent when the answer is yes", async () => {
    gateway = startFakeGateway(() => rawAnswer(200, `{"status":"ok"}`));
    const places = [
      { flags: ["--socket", gateway.socketPath], env: {} },
      { flags: ["--ops", `127.0.0.1:${gateway.port}`], env: {} },
      { flags: [], env: { LLMUX_SOCKET: gateway.socketPath } },
    ];
    for (const { flags, env } of places) {
      for (const question of ["live", "ready"]) {
        expect(await runCli(["probe", question, ...flags], { env })).toEqual({ code: 0, out: "", err: "" });
      }
    }
    expect(gateway.paths).toEqual(places.flatMap(() => ["/health/live", "/health/ready"]));
  });

  test("says why it is not ready, in the gateway's own words", async () => {
    gateway = startFakeGateway(() => rawAnswer(503, `{"ready":false,"reasons":["draining"]}`));
    const { code, err } = await runCli(["probe", "ready", "--socket", gateway.socketPath]);
    expect(code).toBe(1);
    expect(err).toBe(`not ready: 503 {"ready":false,"reasons":["draining"]}\n`);
  });

  test("the first place that answers decides; one where nothing answers passes the question on", async () => {
    gateway = startFakeGateway(() => rawAnswer(200, "{}"));
    const fallback = ["--socket", `${gateway.socketPath}-none`, "--ops", `127.0.0.1:${gateway.port}`];
    expect((await runCli(["probe", "ready", ...fallback])).code).toBe(0);
    gateway.stop();
    gateway = startFakeGateway((path) => rawAnswer(503, path));
    const decided = ["--socket", gateway.socketPath, "--ops", `127.0.0.1:${gateway.port}`];
    expect((await runCli(["probe", "ready", ...decided])).code).toBe(1);
    expect(gateway.paths).toEqual(["/health/ready"]);
  });

  test("fails when nothing answers, and names every place it asked", async () => {
    const port = await findClosedPort();
    const { code, err } = await runCli(["probe", "live", "--socket", "/tmp/llmux-none", "--ops", `127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(err).toContain("nothing answers at unix:/tmp/llmux-none");
    expect(err).toContain(`nothing answers at 127.0.0.1:${port}`);
  });

  test("gives up on a gateway that accepts and says nothing", async () => {
    gateway = startFakeGateway(() => null);
    const { code, err } = await runCli(["probe", "live", "--socket", gateway.socketPath, "--timeout", "50ms"]);
    expect(code).toBe(1);
    expect(err).toBe("no answer in time\n");
  });

  test("a proxy in the environment is not asked", async () => {
    gateway = startFakeGateway(() => rawAnswer(200, "{}"));
    const port = await findClosedPort();
    const before = process.env["HTTP_PROXY"];
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${port}`;
    try {
      expect(await runCli(["probe", "live", "--ops", `127.0.0.1:${gateway.port}`])).toMatchObject({ code: 0, err: "" });
    } finally {
      if (before === undefined) delete process.env["HTTP_PROXY"];
      else process.env["HTTP_PROXY"] = before;
    }
  });
});

describe("wait", () => {
  test("returns once the gateway is ready, however often it had to ask", async () => {
    let asked = 0;
    gateway = startFakeGateway(() => (++asked < 4 ? rawAnswer(503, "starting") : rawAnswer(200, "{}")));
    expect(await runCli(["wait", "--socket", gateway.socketPath])).toEqual({ code: 0, out: "", err: "" });
    expect(asked).toBe(4);
  });

  test("fails when the time is over, and says what was missing", async () => {
    gateway = startFakeGateway(() => rawAnswer(503, "starting"));
    const { code, err } = await runCli(["wait", "--socket", gateway.socketPath, "--timeout", "120ms"]);
    expect(code).toBe(1);
    expect(err).toBe("not ready after 120 ms: not ready: 503 starting\n");
  });

  test("a socket that is not there yet is waited for too", async () => {
    const { code, err } = await runCli(["wait", "--socket", "/tmp/llmux-none", "--timeout", "60ms"]);
    expect(code).toBe(1);
    expect(err).toContain("nothing answers at unix:/tmp/llmux-none");
  });
});
