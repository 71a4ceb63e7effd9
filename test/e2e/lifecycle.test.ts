import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStreamEvents, eventStream, EXAMPLE_USAGE } from "../instruments/answers.ts";
import { findExecutable, isReady, makeAddresses, startExecutable, writeListen } from "../instruments/executable.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { makeGate, until, within } from "../instruments/until.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failureOf, openClient, TRANSPORTS, UPSTREAM_KEY, writeConfig } from "./fixture.ts";

const request = { model: "example", messages: [{ role: "user" as const, content: "x" }] };
const executable = findExecutable();

/** Runs one test with an executable of its own: these end it, or change it. */
async function withGateway(
  run: (gateway: TestGateway, upstream: Upstream) => Promise<void>,
  config: (port: number) => string = writeConfig,
): Promise<void> {
  const upstream = startUpstream({ respond: () => chatCompletion() });
  try {
    const gateway = await startExecutable(executable ?? "", { config: config(upstream.port) });
    try {
      await run(gateway, upstream);
    } finally {
      await gateway.stop();
    }
  } finally {
    upstream.stop();
  }
}

async function readStatus(gateway: TestGateway): Promise<Record<string, Record<string, unknown>>> {
  const response = await fetch(`http://127.0.0.1:${gateway.opsPort}/status`);
  return (await response.json()) as Record<string, Record<string, unknown>>;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: it has ended.
    return false;
  }
}

/** The value of the sample with these labels, in whatever order they stand; null when there is none. */
function readSample(exposition: string, name: string, labels: Readonly<Record<string, string>>): number | null {
  const line = exposition
    .split("\n")
    .find(
      (each) =>
        each.startsWith(`${name}{`) &&
        Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)),
    );
  return line === undefined ? null : Number(line.split(" ").at(-1));
}

describe.skipIf(executable === null)("the executable's life (needs dist/llmux)", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} drains: not ready at once, open streams finish, exit code 0`, async () => {
      await withGateway(async (gateway, upstream) => {
        const rest = makeGate();
        const script = eventStream(chatStreamEvents({ chunks: ["one ", "two"] }));
        upstream.respond = () => [...script.slice(0, 3), { kind: "wait", until: rest.opened }, ...script.slice(3)];
        const streams = await Promise.all(
          TRANSPORTS.map((transport) =>
            openClient(gateway, transport).chat.completions.create({ ...request, stream: true }),
          ),
        );
        const texts = streams.map(async (stream) => {
          let text = "";
          for await (const event of stream) text += event.choices[0]?.delta.content ?? "";
          return text;
        });
        await upstream.waitForRequests(2);
        process.kill(gateway.pid, signal);
        await until("not to be ready", async () => !(await isReady(gateway.opsPort)));
        // The ops listener answers until the end, and says why it is not ready.
        expect((await fetch(`http://127.0.0.1:${gateway.opsPort}/health/live`)).status).toBe(200);
        expect((await readStatus(gateway))["draining"] as unknown).toBe(true);
        rest.open();
        expect(await within("the streams to finish", Promise.all(texts))).toEqual(["one two", "one two"]);
        // By itself: a second signal would end it at once, with exit code 1.
        await until("its end", () => !isAlive(gateway.pid));
        expect(await gateway.stop()).toBe(0);
      });
    });
  }

  test("what has not finished when drain.timeout is over gets an error event, and the exit code is still 0", async () => {
    await withGateway(
      async (gateway, upstream) => {
        upstream.respond = () =>
          eventStream(chatStreamEvents({ chunks: ["x"], finish: false, done: false }), {
            ending: [{ kind: "silence" }],
          });
        const caller = await RawClient.connect({ kind: "tcp", port: gateway.httpPort });
        await caller.send(writePost("/v1/chat/completions", JSON.stringify({ ...request, stream: true })));
        await caller.readUntil(`"x"`);
        expect(await gateway.stop()).toBe(0);
        await caller.waitForEnd();
        const text = Buffer.concat(caller.pieces).toString();
        expect(text).toContain(`"error"`);
        expect(text).not.toContain("[DONE]");
        // An end in good order would look like a whole answer.
        expect(caller.messages[0]?.isComplete).toBe(false);
      },
      (port) => `${writeConfig(port)}drain: { timeout: 300ms }\n`,
    );
  });

  test("SIGHUP and a changed file bring a new config; an invalid one changes nothing and says why", async () => {
    await withGateway(async (gateway, upstream) => {
      const client = openClient(gateway, "unix");
      const listModels = async () => (await Array.fromAsync(client.models.list())).map(({ id }) => id);
      await gateway.writeConfig(writeConfig(upstream.port).replace("example:", "renamed:"));
      process.kill(gateway.pid, "SIGHUP");
      await until("the new model", async () => (await listModels()).includes("renamed"));
      expect(await listModels()).not.toContain("example");
      const { config: good } = await readStatus(gateway);
      expect(good).toMatchObject({ in_sync: true, error: null });
      await gateway.writeConfig("providers: { fake: [] }\n");
      await until("the error", async () => (await readStatus(gateway))["config"]?.["error"] !== null);
      const { config: bad } = await readStatus(gateway);
      expect(bad).toMatchObject({ in_sync: false, generation: good?.["generation"] });
      expect(await listModels()).toContain("renamed");
      expect(await isReady(gateway.opsPort)).toBe(true);
    });
  });

  test("a reload cuts no stream", async () => {
    await withGateway(async (gateway, upstream) => {
      const rest = makeGate();
      const script = eventStream(chatStreamEvents({ chunks: ["one ", "two"] }));
      upstream.respond = () => [...script.slice(0, 3), { kind: "wait", until: rest.opened }, ...script.slice(3)];
      const stream = await openClient(gateway, "unix").chat.completions.create({ ...request, stream: true });
      await upstream.waitForRequests(1);
      const before = (await readStatus(gateway))["config"]?.["generation"];
      await gateway.writeConfig(writeConfig(upstream.port).replace("example:", "renamed:"));
      await until("the new config", async () => (await readStatus(gateway))["config"]?.["generation"] !== before);
      rest.open();
      let text = "";
      for await (const event of stream) text += event.choices[0]?.delta.content ?? "";
      expect(text).toBe("one two");
    });
  });

  test("a log reader that dies does not take the gateway with it", async () => {
    const upstream = startUpstream({ respond: () => chatCompletion() });
    const { folder, ...addresses } = makeAddresses();
    const path = join(folder, "llmux.yaml");
    writeFileSync(path, writeListen(addresses) + writeConfig(upstream.port) + "log: { level: debug }\n");
    // The shell starts the gateway with a reader that leaves after one line; its pid comes over stderr.
    const script = `{ "$0" serve --config "$1" 2>&1 & echo $! >&3; wait $!; echo "code $?" >&3; } 3>&2 | head -n 1`;
    const child = Bun.spawn(["sh", "-c", script, executable ?? "", path], {
      env: { PATH: process.env["PATH"] },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    let said = "";
    const reading = (async () => {
      for await (const bytes of child.stderr) said += new TextDecoder().decode(bytes);
    })();
    try {
      await until("ready", () => isReady(addresses.opsPort));
      const client = openClient({ ...addresses, pid: 0 } as TestGateway, "tcp");
      // Each request writes a line; a pipe without a reader fails at the first write.
      for (let round = 0; round < 20; round++) await client.chat.completions.create(request);
      expect(await isReady(addresses.opsPort)).toBe(true);
      process.kill(Number(said.trim()), "SIGTERM");
      await until("its end", () => said.includes("code"));
      expect(said).toContain("code 0");
    } finally {
      child.kill("SIGKILL");
      await reading;
      upstream.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("logs and metrics tell of every exchange and never of a secret or a prompt", async () => {
    await withGateway(async (gateway) => {
      const messages = [{ role: "user" as const, content: "prompt-canary" }];
      for (const transport of TRANSPORTS) {
        await openClient(gateway, transport).chat.completions.create({ model: "example", messages });
        await failureOf(openClient(gateway, transport).chat.completions.create({ model: "unknown-canary", messages }));
      }
      const metrics = await (await fetch(`http://127.0.0.1:${gateway.opsPort}/metrics`)).text();
      expect(readSample(metrics, "llm_requests_total", { provider: "fake", model: "example", status: "200" })).toBe(2);
      const tokens = { provider: "fake", model: "example", type: "input" };
      expect(readSample(metrics, "llm_token_usage_total", tokens)).toBe(2 * EXAMPLE_USAGE.input);
      expect(metrics).not.toContain("unknown-canary");
      await until("four lines", () => gateway.logs.filter((line) => line.includes("request_id")).length >= 4);
      expect(await gateway.stop()).toBe(0);
      const status = gateway.logs.join("\n");
      for (const secret of [UPSTREAM_KEY, "prompt-canary", "sk-caller-example"]) {
        expect(status).not.toContain(secret);
        expect(metrics).not.toContain(secret);
      }
    });
  });
});
