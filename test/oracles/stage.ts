/**
 * Oracles: a provider's own SDK and the gateway are asked for the same thing, and both send it to the same fake provider, which
 * only remembers it. What the gateway sends must be what the SDK sends, but for differences that are listed with their reason.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jsonAnswer } from "../instruments/answers.ts";
import { type InProcessGateway, startTestGateway } from "../instruments/gateway.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { writeDefaults } from "../instruments/one-attempt.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import type { CallerRequest, Differs } from "./callers.ts";
import { compareRequests, describeDifference, type Difference } from "./difference.ts";

/** The provider's key, as its SDK and the gateway both have it. */
export const PROVIDER_KEY = "sk-provider-example";
const CALLER_KEY = "sk-caller-example";

type Entry = Readonly<Record<string, unknown>>;

export type OracleOptions<Sdk> = {
  /** The provider's id; also the entry's name. */
  readonly provider: string;
  /** Behind the origin, as the provider's own base URL ends. */
  readonly basePath?: string;
  /** Fields of the entry beside URL and key. */
  readonly entry?: Entry;
  /** `api_key`; null where the entry takes none. */
  readonly apiKey?: string | null;
  readonly open: (baseUrl: string) => Sdk;
  /** Differences of every call, by path, each with its reason. */
  readonly differs?: Differs;
};

/** One call, as the SDK and as callers of other dialects make it. */
export type OracleCase<Sdk> = {
  readonly name: string;
  readonly model: string;
  readonly sdk: (sdk: Sdk, model: string) => unknown;
  readonly callers: readonly CallerRequest[];
  readonly differs?: Differs;
};

/** Compares every case's call for each of its callers. */
export function describeOracle<Sdk>(
  name: string,
  options: OracleOptions<Sdk>,
  cases: readonly OracleCase<Sdk>[],
): void {
  describe(name, () => {
    let stage: OracleStage<Sdk> | null = null;
    beforeAll(async () => {
      stage = await OracleStage.open(options);
    });
    afterAll(() => stage?.close());
    for (const each of cases) {
      for (const caller of each.callers) {
        test(`${each.name}, asked as ${caller.dialect}`, async () => {
          await (stage as OracleStage<Sdk>).compare(each, caller);
        });
      }
    }
    test("every difference that is allowed for all calls is there in some", () => {
      const seen = (stage as OracleStage<Sdk>).usedAllowances;
      expect(Object.keys(options.differs ?? {}).filter((path) => !seen.has(path))).toEqual([]);
    });
  });
}

/** A gateway with one provider, the provider's SDK, and the fake provider that both of them call. */
export class OracleStage<Sdk> {
  readonly usedAllowances = new Set<string>();
  readonly #options: OracleOptions<Sdk>;
  readonly #upstream: Upstream;
  readonly #gateway: InProcessGateway;
  readonly #sdk: Sdk;

  private constructor(options: OracleOptions<Sdk>, upstream: Upstream, gateway: InProcessGateway) {
    this.#options = options;
    this.#upstream = upstream;
    this.#gateway = gateway;
    this.#sdk = options.open(baseUrlOf(options, upstream));
  }

  static async open<Sdk>(options: OracleOptions<Sdk>): Promise<OracleStage<Sdk>> {
    // Nothing is asked but what they send: an error ends the call on both sides without an answer to be made up.
    const upstream = startUpstream({ respond: () => jsonAnswer({ error: { message: "recorded" } }, { status: 400 }) });
    const key = options.apiKey === undefined ? PROVIDER_KEY : options.apiKey;
    const entry = {
      base_url: baseUrlOf(options, upstream),
      ...(key === null ? {} : { api_key: key }),
      ...options.entry,
    };
    try {
      const gateway = await startTestGateway({
        // JSON is YAML.
        config: `providers: ${JSON.stringify({ [options.provider]: entry })}\n${writeDefaults()}drain: { timeout: 1s }\n`,
      });
      return new OracleStage(options, upstream, gateway);
    } catch (error) {
      upstream.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#gateway.stop();
    this.#upstream.stop();
  }

  async compare(each: OracleCase<Sdk>, caller: CallerRequest): Promise<void> {
    const theirs = await this.recordSdk((sdk) => each.sdk(sdk, each.model));
    const ours = await this.recordGateway(caller, each.model);
    const allowed: Differs = { ...this.#options.differs, ...each.differs, ...caller.differs };
    const differences = compareRequests(theirs, ours);
    expect(differences.filter((difference) => !isAllowed(difference, allowed)).map(describeDifference)).toEqual([]);
    for (const { path } of differences) this.usedAllowances.add(path);
    // What is listed and does not differ is no longer true.
    const own = Object.keys({ ...each.differs, ...caller.differs });
    const stale = own.filter((path) => !differences.some((difference) => difference.path === path));
    expect(stale).toEqual([]);
  }

  /** What the SDK sends for a call. */
  recordSdk(call: (sdk: Sdk) => unknown): Promise<HttpMessage> {
    return this.#record(async () => {
      try {
        await drain(call(this.#sdk));
      } catch (error) {
        // the fake provider answers with an error; had nothing been sent, this would say why
        return String(error);
      }
      return "the call succeeded";
    });
  }

  /** What the gateway sends for a caller's request. */
  async recordGateway(caller: CallerRequest, model: string): Promise<HttpMessage> {
    const answer = caller.first === null ? null : await this.#rehearse(caller, model, caller.first);
    return await this.#record(() => this.#ask(caller, model, caller.body(answer)));
  }

  /** A turn before the one that is compared, for which the provider has an answer. */
  async #rehearse(
    caller: CallerRequest,
    model: string,
    { body, answer }: NonNullable<CallerRequest["first"]>,
  ): Promise<unknown> {
    const { respond } = this.#upstream;
    this.#upstream.respond = () => jsonAnswer(answer);
    try {
      return JSON.parse(await this.#ask(caller, model, body));
    } finally {
      this.#upstream.respond = respond;
    }
  }

  async #ask(caller: CallerRequest, model: string, body: object): Promise<string> {
    const named = `${this.#options.provider}/${model}`;
    const answer = await fetch(`http://127.0.0.1:${this.#gateway.httpPort}${caller.path(named)}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${CALLER_KEY}`, ...caller.headers },
      body: JSON.stringify(caller.named(named, body)),
    });
    return await answer.text();
  }

  /** The one request that arrives while `run` runs. */
  async #record(run: () => Promise<string>): Promise<HttpMessage> {
    this.#upstream.forget();
    const said = await run();
    const { requests, syntaxErrors } = this.#upstream;
    expect(syntaxErrors).toEqual([]);
    const [only] = requests;
    if (only === undefined || requests.length > 1) {
      throw new Error(`expected one request to the provider, got ${requests.length}: ${said.slice(0, 500)}`);
    }
    return only.message;
  }
}

function isAllowed({ path, theirs, ours }: Difference, allowed: Differs): boolean {
  const reason = allowed[path];
  if (reason === undefined || typeof reason === "string") return reason !== undefined;
  return (
    (!("theirs" in reason) || Bun.deepEquals(reason.theirs, theirs)) &&
    (!("ours" in reason) || Bun.deepEquals(reason.ours, ours))
  );
}

function baseUrlOf<Sdk>({ basePath = "" }: OracleOptions<Sdk>, upstream: Upstream): string {
  return upstream.origin + basePath;
}

/** Waits for a call, and reads it to its end where it streams. */
async function drain(call: unknown): Promise<void> {
  const answer: unknown = await call;
  if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) {
    for await (const _ of answer as AsyncIterable<unknown>) {
      // only the request is looked at
    }
  }
}
