/** P7: a reload fails no request and cuts no stream, however often it comes; an invalid config changes nothing. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStreamEvents, eventStream } from "../instruments/answers.ts";
import { findExecutable, startExecutable } from "../instruments/executable.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import type { Script } from "../instruments/script.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";
import { startUpstream } from "../instruments/upstream.ts";
import { openClient, TRANSPORTS, writeConfig } from "./fixture.ts";

const executable = findExecutable();
const SWAPS = 20;
const MIN_REQUESTS = 300;
const LANES = 8;
const messages = [{ role: "user" as const, content: "x" }];

/** The same config, telling its provider's models apart by the number of the swap. */
function configOf(upstreamPort: number, swap: number): string {
  return writeConfig(upstreamPort).replace("model: example-model", `model: example-model-${swap}`);
}

/** A stream that takes a while, so that reloads fall into it. */
function answer({ message }: { readonly message: HttpMessage }): Script {
  if (!message.text.includes('"stream":true')) return chatCompletion();
  const script = eventStream(chatStreamEvents({ chunks: ["one ", "two ", "three"] }));
  return script.flatMap((step, index) => (index === 0 ? [step] : [{ kind: "pause", ms: 10 } as const, step]));
}

type ConfigStatus = { readonly generation: number; readonly in_sync: boolean; readonly error: unknown };

async function readConfigStatus(gateway: TestGateway): Promise<ConfigStatus> {
  const response = await fetch(`http://127.0.0.1:${gateway.opsPort}/status`);
  return ((await response.json()) as { readonly config: ConfigStatus }).config;
}

/** Requests, plain and streamed, over both transports, until told to stop. */
class Load {
  done = 0;
  readonly failures: string[] = [];
  isEnding = false;
  readonly #gateway: TestGateway;
  readonly #lanes: Promise<void>[];

  constructor(gateway: TestGateway) {
    this.#gateway = gateway;
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#run(lane));
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await Promise.all(this.#lanes);
  }

  async #run(lane: number): Promise<void> {
    const client = openClient(this.#gateway, TRANSPORTS[lane % 2] ?? "tcp");
    for (let round = 0; !this.isEnding || this.done < MIN_REQUESTS; round++) {
      try {
        const text = (lane >> 1) % 2 === round % 2 ? await this.#ask(client) : await this.#stream(client);
        if (text === "") throw new Error("expected a text, got none");
      } catch (error) {
        this.failures.push(String(error));
      }
      this.done += 1;
    }
  }

  async #ask(client: ReturnType<typeof openClient>): Promise<string> {
    const whole = await client.chat.completions.create({ model: "example", messages });
    return whole.choices[0]?.message.content ?? "";
  }

  async #stream(client: ReturnType<typeof openClient>): Promise<string> {
    let text = "";
    for await (const event of await client.chat.completions.create({ model: "example", messages, stream: true })) {
      text += event.choices[0]?.delta.content ?? "";
    }
    if (text !== "one two three") throw new Error(`expected the whole stream, got ${JSON.stringify(text)}`);
    return text;
  }
}

describe.skipIf(executable === null)("reload under load (needs dist/llmux)", () => {
  for (const isConfigMap of [false, true]) {
    const what = isConfigMap ? "a ConfigMap's ..data is swapped" : "the config file is replaced";
    test(`${SWAPS} times ${what} under load: no request fails, and an invalid config changes nothing`, async () => {
      const modelsSeen = new Set<string>();
      const upstream = startUpstream({
        isForgetful: true,
        respond: (request) => {
          modelsSeen.add((JSON.parse(request.message.text) as { readonly model: string }).model);
          return answer(request);
        },
      });
      try {
        const gateway = await startExecutable(executable ?? "", { config: configOf(upstream.port, 0), isConfigMap });
        try {
          const load = new Load(gateway);
          let { generation } = await readConfigStatus(gateway);
          for (let swap = 1; swap <= SWAPS; swap++) {
            if (swap === SWAPS / 2) {
              await gateway.writeConfig("providers: { fake: { provider: no-such-provider } }\n");
              await until("the error to be told", async () => (await readConfigStatus(gateway)).error !== null);
              expect(await readConfigStatus(gateway)).toMatchObject({ generation, in_sync: false });
            }
            await gateway.writeConfig(configOf(upstream.port, swap));
            const before = generation;
            await until(`generation to rise above ${before}`, async () => {
              ({ generation } = await readConfigStatus(gateway));
              return generation > before;
            });
            const doneBefore = load.done;
            // A lane finishes one request that it began before; the second one began under the new config.
            await until("requests under the new config", () => load.done >= doneBefore + 2 * LANES);
          }
          await load.end();
          expect(load.failures).toEqual([]);
          expect(load.done).toBeGreaterThanOrEqual(MIN_REQUESTS);
          expect(await readConfigStatus(gateway)).toMatchObject({ in_sync: true, error: null });
          // Every config was used, in its turn.
          expect([...modelsSeen]).toEqual(Array.from({ length: SWAPS + 1 }, (_, swap) => `example-model-${swap}`));
        } finally {
          await gateway.stop();
        }
      } finally {
        upstream.stop();
      }
    }, 120_000);
  }
});
