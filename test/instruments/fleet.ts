/**
 * Several fake providers behind one gateway, each with a behaviour of its own that a test can change while it runs, and each with
 * its own counters: which deployment was asked, how often, and when its connections were let go.
 */
import { answerFor } from "./answers.ts";
import * as faults from "./faults.ts";
import { openRefusingPort, type RefusingPort } from "./refusing-port.ts";
import type { ConnectionPlan, UpstreamRequest } from "./script-player.ts";
import type { Script } from "./script.ts";
import { until } from "./until.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

/** What a fake provider does with whoever comes. */
export type Behaviour =
  /** Answers well. */
  | { readonly kind: "well" }
  /** Answers every request as a callback says. */
  | { readonly kind: "answers"; readonly respond: (request: UpstreamRequest) => Script | Promise<Script> }
  /** Does something to every connection before HTTP begins. */
  | { readonly kind: "connection"; readonly plan: () => ConnectionPlan; readonly isTls?: boolean }
  /** Refuses connections. */
  | { readonly kind: "closed" }
  /** Lives elsewhere, e.g. where connections hang; nothing is counted. */
  | { readonly kind: "elsewhere"; readonly port: number };

export const WELL: Behaviour = { kind: "well" };
export const CLOSED: Behaviour = { kind: "closed" };

/** The same answer to everybody. */
export function answers(script: (request: UpstreamRequest) => Script | Promise<Script>): Behaviour {
  return { kind: "answers", respond: script };
}

/** A good answer to whatever a caller of OpenAI's API asks. */
export function answerWell({ message }: UpstreamRequest): Script {
  return answerFor(message.target, message.text.includes('"stream":true'));
}

/** The key of a member, which tells them apart where several share one server. */
export function keyOf(name: string): string {
  return `sk-example-${name}`;
}

/** One of the fake providers. */
export class FleetMember {
  readonly name: string;
  readonly upstream: Upstream;
  #refusing: RefusingPort | null = null;
  #behaviour: Behaviour = WELL;

  constructor(name: string) {
    this.name = name;
    this.upstream = startUpstream({ respond: answerWell });
  }

  /** Behaves otherwise from now on. `closed` and `elsewhere` are another address: they must be set before the config is written. */
  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
    this.upstream.respond = behaviour.kind === "answers" ? behaviour.respond : answerWell;
    const { kind } = behaviour;
    this.upstream.planConnection = kind === "connection" ? behaviour.plan : () => ({ kind: "http" });
  }

  /** What the config's `base_url` says. */
  get origin(): string {
    switch (this.#behaviour.kind) {
      case "closed":
        return `http://127.0.0.1:${(this.#refusing ??= openRefusingPort()).port}`;
      case "elsewhere":
        return `http://127.0.0.1:${this.#behaviour.port}`;
      case "connection":
        return this.#behaviour.isTls === true ? `https://localhost:${this.upstream.port}` : this.upstream.origin;
      case "well":
      case "answers":
        return this.upstream.origin;
      default:
        return this.#behaviour satisfies never;
    }
  }

  /** Requests, or connections where none gets as far as a request; null where nothing can be counted. */
  get attempts(): number | null {
    switch (this.#behaviour.kind) {
      case "closed":
      case "elsewhere":
        return null;
      case "connection":
        return this.upstream.totalConnections;
      case "well":
      case "answers":
        return this.upstream.totalRequests;
      default:
        return this.#behaviour satisfies never;
    }
  }

  /** Requests since the start, whatever became of them. */
  get requests(): number {
    return this.upstream.totalRequests;
  }

  /** Waits until so many requests have come since the start. */
  async waitForRequests(count: number): Promise<void> {
    await until(`${count} requests at ${this.name}, got ${this.requests}`, () => this.requests >= count);
  }

  stop(): void {
    this.upstream.stop();
    this.#refusing?.close();
  }

  /** Waits until nobody waits for it any more. */
  async waitUntilLetGo(): Promise<void> {
    await until(`${this.name} to be let go`, () => this.upstream.busyConnections === 0);
  }
}

/** The fake providers of one gateway, by name. */
export class Fleet {
  readonly members: readonly FleetMember[];

  constructor(names: readonly string[]) {
    this.members = names.map((name) => new FleetMember(name));
  }

  of(name: string): FleetMember {
    const member = this.members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`expected one of ${this.members.map((each) => each.name).join(", ")}`);
    return member;
  }

  get upstreams(): readonly Upstream[] {
    return this.members.map(({ upstream }) => upstream);
  }

  /** Requests to all of them. */
  get requests(): number {
    return this.members.reduce((sum, member) => sum + member.requests, 0);
  }

  /** Entries for the config's `providers` section; `entry` adds to each. */
  providers(entry: Readonly<Record<string, unknown>> = {}): Record<string, Record<string, unknown>> {
    return Object.fromEntries(
      this.members.map(({ name, origin }) => [
        name,
        { provider: "openai-compatible", base_url: `${origin}/v1`, api_key: keyOf(name), ...entry },
      ]),
    );
  }

  stop(): void {
    for (const member of this.members) member.stop();
  }
}

/** Says nothing at all. */
export const SILENT: Behaviour = answers(faults.blackhole);
