/** A gateway in process between raw callers and a fake provider; what the tests of the data path stand on. */
import { answerFor } from "../instruments/answers.ts";
import { startTestGateway, type InProcessGateway } from "../instruments/gateway.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { ONE_ATTEMPT } from "../instruments/one-attempt.ts";
import { auditPermits } from "../instruments/permit-audit.ts";
import { RawClient, writePost, type PostOptions } from "../instruments/raw-client.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import { startUpstream, type Upstream, type UpstreamOptions } from "../instruments/upstream.ts";

/** The provider's key, which only the provider may see. */
export const PROVIDER_KEY = "sk-provider-example";
export const CHAT = "/v1/chat/completions";

type Entry = Readonly<Record<string, unknown>>;

export type StageOptions = {
  /** Fields of the provider's entry beside its URL and key. */
  readonly provider?: Entry;
  /** Further providers by name, complete entries. */
  readonly providers?: Readonly<Record<string, Entry>>;
  /** Models beside `m`, which the fake provider knows as `m-there`. */
  readonly models?: Readonly<Record<string, unknown>>;
  /** Further sections of the config, e.g. `limits`. */
  readonly config?: Entry;
  readonly upstream?: Partial<UpstreamOptions>;
  readonly env?: Readonly<Record<string, string>>;
  /** The provider's `base_url`, where it is not the fake upstream's own origin. */
  readonly baseUrl?: (upstream: Upstream) => string;
};

/** A running gateway, its one provider `fake` and its callers. */
export class Stage {
  readonly gateway: InProcessGateway;
  readonly upstream: Upstream;
  readonly #options: StageOptions;
  readonly #baseUrl: string;
  readonly #clients: RawClient[] = [];

  private constructor(gateway: InProcessGateway, upstream: Upstream, baseUrl: string, options: StageOptions) {
    this.gateway = gateway;
    this.upstream = upstream;
    this.#baseUrl = baseUrl;
    this.#options = options;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const upstream = startUpstream({ respond: answerRequest, ...options.upstream });
    const baseUrl = options.baseUrl?.(upstream) ?? `${upstream.origin}/v1`;
    try {
      const gateway = await startTestGateway({
        config: writeConfig(baseUrl, options),
        ...(options.env === undefined ? {} : { env: options.env }),
      });
      return new Stage(gateway, upstream, baseUrl, options);
    } catch (error) {
      upstream.stop();
      throw error;
    }
  }

  /** Leaves with every caller, checks that nothing is held, and ends the gateway. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.abort();
    try {
      await auditPermits(this.gateway, [this.upstream]);
      await until("no permit to be held", () => this.gateway.sidecar.ledger.held === 0);
      if (this.gateway.sidecar.ledger.doubleSettled > 0) throw new Error("a permit was settled twice");
    } finally {
      await this.gateway.stop();
      this.upstream.stop();
    }
  }

  /** Opens the stage, runs, and closes it whatever happens. */
  static async with(options: StageOptions, run: (stage: Stage) => Promise<void>): Promise<void> {
    const stage = await Stage.open(options);
    let isDone = false;
    try {
      await run(stage);
      isDone = true;
    } finally {
      // What close finds would hide what the test found.
      if (isDone) await stage.close();
      else await stage.close().catch(() => undefined);
    }
  }

  /** A connection to the gateway; left when the stage closes. */
  async connect(over: "tcp" | "unix" = "tcp"): Promise<RawClient> {
    const client = await RawClient.connect(
      over === "tcp" ? { kind: "tcp", port: this.gateway.httpPort } : { kind: "unix", path: this.gateway.socketPath },
    );
    this.#clients.push(client);
    return client;
  }

  /** A new caller that sends one chat completion. */
  async ask(fields: Entry = {}, options: PostOptions = {}): Promise<RawClient> {
    const client = await this.connect();
    await client.send(writeChat(fields, options));
    return client;
  }

  /** A new caller's whole answer to one chat completion. */
  async answer(fields: Entry = {}, options: PostOptions = {}): Promise<HttpMessage> {
    const client = await this.ask(fields, options);
    const answer = await client.readAnswer();
    client.close();
    return answer;
  }

  /** Replaces the config and waits until it runs. */
  async reload(options: StageOptions): Promise<void> {
    const { gateway } = this.gateway.sidecar;
    const before = gateway.limits;
    await this.gateway.writeConfig(writeConfig(this.#baseUrl, { ...this.#options, ...options }));
    await this.gateway.sidecar.reload("sighup");
    if (gateway.limits === before) throw new Error("expected the new config to be taken");
  }

  /** The log lines of exchanges so far, once there are `count` of them. */
  async readExchanges(count: number): Promise<readonly Record<string, unknown>[]> {
    return await until(`${count} exchanges in the log`, () => {
      const lines = this.gateway.logs.map((line) => JSON.parse(line) as Record<string, unknown>);
      const exchanges = lines.filter((line) => line["msg"] === "exchange");
      return exchanges.length >= count ? exchanges : null;
    });
  }
}

/** A good answer to whatever is asked. */
export function answerRequest({ message }: UpstreamRequest): Script {
  return answerFor(message.target, message.text.includes('"stream":true'));
}

/** A chat completion as a caller sends it. */
export function writeChat(fields: Entry = {}, options: PostOptions = {}): Buffer {
  return writePost(
    CHAT,
    JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello." }], ...fields }),
    options,
  );
}

/** JSON is YAML: each section as one line. */
function writeConfig(baseUrl: string, options: StageOptions): string {
  // It speaks all of OpenAI's API, so that every endpoint of it passes; a test of translation names another dialect.
  const dialects = options.provider?.["dialect"] === undefined ? ["openai-chat", "openai-responses"] : undefined;
  const fake = {
    provider: "openai-compatible",
    base_url: baseUrl,
    api_key: PROVIDER_KEY,
    dialects,
    ...options.provider,
  };
  const sections: Entry = {
    providers: { fake, ...options.providers },
    models: { m: { deployments: [{ provider: "fake", model: "m-there" }] }, ...options.models },
    drain: { timeout: "2s" },
    ...options.config,
    // A test that wants the product's own retries and breaker says so in its `defaults`.
    defaults: { ...ONE_ATTEMPT, ...(options.config?.["defaults"] as Entry | undefined) },
  };
  return Object.entries(sections)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join("");
}
