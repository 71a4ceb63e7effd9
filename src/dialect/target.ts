import { GatewayError } from "../errors.ts";
import type { Quirks } from "../exchange.ts";
import type { SettingName } from "./neutral.ts";

export type { Quirks };

/** Settings without bearing on what the answer says: where the target has no such thing they are left out and named, never refused. */
export const HINTS: ReadonlySet<string> = new Set<SettingName>([
  "user",
  "metadata",
  "serviceTier",
  "promptCacheKey",
  "promptCacheRetention",
  "cache",
  "isStored",
  "safetySettings",
  "verbosity",
  "prediction",
]);

const MAX_DROPPED = 32;
const PRINTABLE = /^[\w.[\]-]{1,64}$/;

/**
 * Where a request is written to: the provider's model and what is known of it, and what becomes of fields it cannot take.
 * One for each request.
 */
export class Target {
  readonly model: string;
  readonly quirks: Quirks;
  readonly #isDropping: boolean;
  readonly #nameOf: (setting: string) => string;
  readonly #dropped = new Set<string>();

  /** `isDropping`: the config's `drop_params`. `nameOf`: a setting's name in the caller's dialect. */
  constructor(model: string, quirks: Quirks, isDropping: boolean, nameOf: (setting: string) => string) {
    this.model = model;
    this.quirks = quirks;
    this.#isDropping = isDropping;
    this.#nameOf = nameOf;
  }

  /** Fields that were left out, in the caller's words; for `x-llmux-dropped`. Bounded. */
  get dropped(): readonly string[] {
    return [...this.#dropped];
  }

  /** Whether the provider (or this model of it) refuses a setting that its dialect has. */
  refuses(setting: SettingName): boolean {
    return this.quirks.refuses.includes(setting);
  }

  /**
   * A field the target cannot express: named in the answer's header where the config allows it, or else a 400. `field` is a
   * SettingName, or the caller's own name for anything else. Throws GatewayError `invalid_request`.
   */
  cannot(field: string, why: string): void {
    const name = this.#nameOf(field);
    if (!this.#isDropping) {
      throw new GatewayError("invalid_request", `${name} cannot be sent to this model: ${why}.`, {
        param: name,
        detail: "unsupported_parameter",
      });
    }
    this.#note(name);
  }

  /** A hint the target has no place for: left out and named, whatever the config says. */
  hint(field: string): void {
    this.#note(this.#nameOf(field));
  }

  #note(name: string): void {
    // It becomes part of a header, and a caller may call a field anything.
    if (this.#dropped.size < MAX_DROPPED && PRINTABLE.test(name)) this.#dropped.add(name);
  }
}
