/** A gateway in front of a fleet of fake providers: what the tests of routing and admission stand on. */
import { Fleet, type FleetMember } from "../instruments/fleet.ts";
import type { InProcessGateway } from "../instruments/gateway.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { auditPermits, type MetricSample, readMetric, readOps } from "../instruments/permit-audit.ts";
import { type PostOptions, RawClient, writePost } from "../instruments/raw-client.ts";
import { startGateway } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";

export type Entry = Readonly<Record<string, unknown>>;
export type Headers = NonNullable<PostOptions["headers"]>;

/** The model most tests ask for. */
export const MODEL = "m";
const CHAT = "/v1/chat/completions";

/** Tried in the order of the list, so that a test knows who is asked first. */
export const IN_ORDER = { strategy: "priority" } as const;

/** Breakers out of the way, where something else is looked at. */
export const NO_BREAKER = { consecutive: 10_000, failure_share: "100%", minimum: 10_000 } as const;

/** Short waits, so that a test of retries takes no longer than it must. */
export const QUICK_BACKOFF = { base: "5ms", max: "20ms" } as const;

export type StageOptions = {
  /** The fake providers; `a`, `b` and `c` where nothing is said. */
  readonly members?: readonly string[];
  /** Prepares the fleet before its addresses are written into the config. */
  readonly prepare?: (fleet: Fleet) => void;
  /** Fields of the model `m` beside its deployments. */
  readonly model?: Entry;
  /** Fields of its deployments, by member; each also has its place in the list as `priority`. */
  readonly deployments?: Readonly<Record<string, Entry>>;
  /** Fields of every provider's entry, and of single ones. */
  readonly provider?: Entry;
  readonly providers?: Readonly<Record<string, Entry>>;
  /** Further models. */
  readonly models?: Readonly<Record<string, unknown>>;
  /** Further sections. */
  readonly config?: Entry;
};

/** A running gateway, its fake providers and its callers. */
export class RouteStage {
  readonly gateway: TestGateway;
  readonly fleet: Fleet;
  readonly #options: StageOptions;
  readonly #clients: RawClient[] = [];

  private constructor(gateway: TestGateway, fleet: Fleet, options: StageOptions) {
    this.gateway = gateway;
    this.fleet = fleet;
    this.#options = options;
  }

  static async open(options: StageOptions = {}): Promise<RouteStage> {
    const fleet = new Fleet(options.members ?? ["a", "b", "c"]);
    try {
      options.prepare?.(fleet);
      const gateway = await startGateway({ config: writeConfig(fleet, options) });
      return new RouteStage(gateway, fleet, options);
    } catch (error) {
      fleet.stop();
      throw error;
    }
  }

  /** Opens the stage, runs, and closes it whatever happens. */
  static async with(options: StageOptions, run: (stage: RouteStage) => Promise<void>): Promise<void> {
    const stage = await RouteStage.open(options);
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

  /** Leaves with every caller, checks that nothing is held and nothing was settled twice, and ends the gateway. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.abort();
    try {
      await this.expectNothingHeld();
    } finally {
      await this.gateway.stop();
      this.fleet.stop();
    }
  }

  /** Every permit is back, once: by /status, by /metrics, and by the providers' own connections. */
  async expectNothingHeld(): Promise<void> {
    await auditPermits(this.gateway, this.fleet.upstreams);
    const permits = await until("no permit to be held", async () => {
      const { permits: told } = await this.readStatus();
      return told.held === 0 ? told : null;
    });
    if (permits.double_settled > 0) throw new Error(`${permits.double_settled} permits were settled twice`);
  }

  member(name: string): FleetMember {
    return this.fleet.of(name);
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect({ kind: "tcp", port: this.gateway.httpPort });
    this.#clients.push(client);
    return client;
  }

  /** A new caller that sends one request. */
  async send(path: string, body: unknown, headers: Headers = []): Promise<RawClient> {
    const client = await this.connect();
    await client.send(writePost(path, JSON.stringify(body), { headers }));
    return client;
  }

  /** A new caller that sends one chat completion. */
  ask(fields: Entry = {}, headers: Headers = []): Promise<RawClient> {
    return this.send(CHAT, writeQuestion(fields), headers);
  }

  /** A new caller's whole answer to one chat completion. */
  async answer(fields: Entry = {}, headers: Headers = []): Promise<HttpMessage> {
    const client = await this.ask(fields, headers);
    const answer = await client.readAnswer();
    client.close();
    return answer;
  }

  /** Answers to several requests that are sent at once. */
  answerAll(count: number, fields: Entry = {}, headers: Headers = []): Promise<HttpMessage[]> {
    return Promise.all(Array.from({ length: count }, () => this.answer(fields, headers)));
  }

  /** Answers to several requests, one after the other. */
  async answerInTurn(count: number, fields: Entry = {}, headers: Headers = []): Promise<HttpMessage[]> {
    const answers: HttpMessage[] = [];
    while (answers.length < count) answers.push(await this.answer(fields, headers));
    return answers;
  }

  /** How often each member was asked, in the order of the fleet. */
  get asked(): readonly number[] {
    return this.fleet.members.map(({ requests }) => requests);
  }

  /** Replaces the config (addresses and all) and waits until it runs. */
  async reload(options: StageOptions = {}): Promise<void> {
    const { config: before } = await this.readStatus();
    // The generation tells a reload from none; an unchanged text would be no reload, so each carries a comment of its own.
    await this.gateway.writeConfig(
      `${writeConfig(this.fleet, { ...this.#options, ...options })}# after generation ${before.generation}\n`,
    );
    if ("sidecar" in this.gateway) await (this.gateway as InProcessGateway).sidecar.reload("sighup");
    else process.kill(this.gateway.pid, "SIGHUP");
    await until("the new config to run", async () => {
      const { config } = await this.readStatus();
      if (config.error !== null) throw new Error(`the new config was refused: ${JSON.stringify(config.error)}`);
      return config.generation > before.generation;
    });
  }

  async readStatus(): Promise<Status> {
    return JSON.parse(await readOps(this.gateway, "/status")) as Status;
  }

  /** Names of all series at /metrics, with their labels. */
  async readSeries(): Promise<readonly string[]> {
    const text = await readOps(this.gateway, "/metrics");
    return text.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [line.replace(/ \S+$/, "")]));
  }

  /** The samples of one metric. */
  async readSamples(name: string): Promise<MetricSample[]> {
    return readMetric(await readOps(this.gateway, "/metrics"), name);
  }
}

type Status = {
  readonly config: { readonly generation: number; readonly error: unknown };
  readonly permits: { readonly held: number; readonly double_settled: number };
  readonly providers: Readonly<Record<string, { readonly in_flight: number; readonly queued: number }>>;
};

/** A chat completion's body; usage is asked for, so that the gateway has no reason to touch a stream. */
export function writeQuestion(fields: Entry = {}): Entry {
  const usage = fields["stream"] === true ? { stream_options: { include_usage: true } } : {};
  return { model: MODEL, messages: [{ role: "user", content: "Hello." }], ...usage, ...fields };
}

/** What `x-llmux-attempts` says; NaN where it is not there. */
export function attemptsOf(answer: HttpMessage): number {
  return Number(answer.header("x-llmux-attempts") ?? Number.NaN);
}

/** The error's code, as OpenAI's API has it. */
export function codeOf(answer: HttpMessage): string | null {
  return (answer.json() as { readonly error?: { readonly code?: string | null } }).error?.code ?? null;
}

/** Whether it is a good answer, whole to its end. */
export function isWell(answer: HttpMessage): boolean {
  if (answer.status !== 200 || !answer.isComplete) return false;
  const isStream = answer.header("content-type")?.startsWith("text/event-stream") ?? false;
  return isStream ? answer.text.endsWith("data: [DONE]\n\n") : answer.text.includes('"chat.completion"');
}

/** JSON is YAML: each section as one line. */
function writeConfig(fleet: Fleet, options: StageOptions): string {
  const providers = fleet.providers({ ...options.provider });
  for (const [name, entry] of Object.entries(options.providers ?? {}))
    providers[name] = { ...providers[name], ...entry };
  const { deployments = {}, model = {} } = options;
  const sections: Entry = {
    providers,
    models: {
      [MODEL]: {
        deployments: fleet.members.map(({ name }, index) => ({
          provider: name,
          model: `${MODEL}-${name}`,
          priority: index,
          ...deployments[name],
        })),
        ...model,
      },
      ...options.models,
    },
    drain: { timeout: "2s" },
    ...options.config,
  };
  return Object.entries(sections)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join("");
}
