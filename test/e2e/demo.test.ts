import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable, isReady, makeAddresses, writeListen } from "../instruments/executable.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until, within } from "../instruments/until.ts";
import { openClient, TRANSPORTS } from "./fixture.ts";

const executable = findExecutable();

describe.skipIf(executable === null)("serve --demo (needs dist/llmux)", () => {
  test("answers the SDK without a key and without a network, and says what to try", async () => {
    const { folder, ...addresses } = makeAddresses();
    const config = join(folder, "llmux.yaml");
    writeFileSync(config, writeListen(addresses));
    let said = "";
    const child = Bun.spawn([executable ?? "", "serve", "--demo", "--config", config], {
      env: {},
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const collect = async (stream: ReadableStream<Uint8Array>) => {
      for await (const bytes of stream) said += new TextDecoder().decode(bytes);
    };
    const reading = Promise.all([collect(child.stdout), collect(child.stderr)]);
    try {
      await until("ready", () => isReady(addresses.opsPort));
      for (const transport of TRANSPORTS) {
        const client = openClient({ ...addresses, pid: child.pid } as TestGateway, transport);
        const request = { model: "demo", messages: [{ role: "user" as const, content: "Hello" }] };
        const whole = await client.chat.completions.create(request);
        expect(whole.choices[0]?.message.content).toContain('You said: "Hello"');
        const streamed = await client.chat.completions.stream(request).finalChatCompletion();
        expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? null);
        expect(
          (await client.embeddings.create({ model: "demo", input: "x", dimensions: 8 })).data[0]?.embedding,
        ).toHaveLength(8);
        expect((await client.responses.create({ model: "demo", input: "Hi" })).output_text).toContain("Hi");
        expect((await Array.fromAsync(client.models.list())).map(({ id }) => id)).toContain("demo");
      }
      child.kill("SIGTERM");
      expect(await within("its end", child.exited)).toBe(0);
      await reading;
      expect(said).toContain(`curl -N http://127.0.0.1:${addresses.httpPort}/v1/chat/completions`);
      expect(said).toContain(addresses.socketPath);
    } finally {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
