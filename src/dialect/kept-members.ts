import { GatewayError } from "../errors.ts";
import type { Json } from "../lib/json.ts";

/** What a reader may keep of one stream until its end: as much as one event may hold. */
const MAX_KEPT_CHARS = 16 * 1024 * 1024;
/** Real events have a dozen members that nobody here knows; they are copied at times. */
const MAX_MEMBERS = 1_000;

/**
 * How much a stream's reader keeps until the stream's end. What is kept is charged with the length of the event it came in: that
 * is known without a look at it, and never too little.
 */
export class KeptChars {
  #chars = 0;

  /** Throws GatewayError `upstream_error` beyond 16 Mi characters. */
  charge(chars: number): void {
    this.#chars += chars;
    if (this.#chars > MAX_KEPT_CHARS) throw tooMuch(`${MAX_KEPT_CHARS} characters`);
  }
}

/** Members of a stream's events that nobody here knows: the latest of each name, for the stream's end. */
export class KeptMembers {
  readonly #chars: KeptChars;
  readonly #charged = new Map<string, number>();
  readonly #members: Record<string, Json | undefined> = {};

  constructor(chars: KeptChars) {
    this.#chars = chars;
  }

  get isEmpty(): boolean {
    return this.#charged.size === 0;
  }

  /** What is kept; null where nothing is. */
  get members(): Readonly<Record<string, Json | undefined>> | null {
    return this.#charged.size === 0 ? null : this.#members;
  }

  get(key: string): Json | undefined {
    return this.#charged.has(key) ? this.#members[key] : undefined;
  }

  /** `chars`: the length of the event it came in. */
  set(key: string, value: Json, chars: number): void {
    // Set as a member it would become what the others inherit from.
    if (key === "__proto__") return;
    if (this.#charged.size >= MAX_MEMBERS && !this.#charged.has(key)) throw tooMuch(`${MAX_MEMBERS} members`);
    this.#chars.charge(chars - (this.#charged.get(key) ?? 0));
    this.#charged.set(key, chars);
    this.#members[key] = value;
  }
}

function tooMuch(bound: string): GatewayError {
  return new GatewayError("upstream_error", `The provider sent more than ${bound} beside its answer.`, {
    upstreamType: "protocol",
  });
}
