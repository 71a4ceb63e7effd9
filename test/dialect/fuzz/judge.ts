/** What must hold whatever came in. */
import { GatewayError } from "../../../src/errors.ts";
import type { Json } from "../../../src/lib/json.ts";

/** What a test found; each names what broke, for grouping, and the input, for replaying. */
export class Findings {
  readonly #byReason = new Map<string, { count: number; readonly input: string }>();

  add(reason: string, input: string): void {
    const known = this.#byReason.get(reason);
    if (known === undefined) this.#byReason.set(reason, { count: 1, input: input.slice(0, MAX_INPUT_CHARS) });
    else known.count += 1;
  }

  /** For `expect(…).toEqual([])`: the reasons, most frequent first, each with its first input. */
  get list(): readonly string[] {
    return [...this.#byReason]
      .toSorted(([, one], [, other]) => other.count - one.count)
      .map(([reason, { count, input }]) => `${count} × ${reason}\n    ${input}`)
      .slice(0, MAX_LISTED);
  }
}

const MAX_INPUT_CHARS = 3_000;
const MAX_LISTED = 12;

/** No input of a few kilobytes takes that long unless something grows with the square of its length, or worse. */
export const HANG_MS = 5_000;

/** A thrown thing in words, with the place it came from where it is no error of ours. */
export function describeThrown(thrown: unknown): string {
  if (thrown instanceof GatewayError) return `${thrown.code} ${thrown.status}: ${thrown.message.slice(0, 120)}`;
  const error = thrown as Error;
  const place = /src\/[\w./-]+:\d+/.exec(error.stack ?? "")?.[0] ?? "";
  return `${String(error).slice(0, 120)} at ${place}`;
}

/** What is wrong with an error that refuses a caller's request; null where it is as it should be. */
export function judgeRefusal(thrown: unknown): string | null {
  if (!(thrown instanceof GatewayError)) return `throws ${describeThrown(thrown)}`;
  if (thrown.status < 400 || thrown.status > 499) return `refuses with ${describeThrown(thrown)}`;
  if (thrown.message === "" || /undefined|\[object|NaN/.test(thrown.message.replaceAll(/'[^']*'|"[^"]*"/g, ""))) {
    return `refuses with a message that says nothing: ${thrown.message.slice(0, 120)}`;
  }
  if (thrown.message.length > MAX_MESSAGE_CHARS) return `refuses with a message of ${thrown.message.length} characters`;
  if (typeof thrown.options.param !== "string")
    return `refuses without naming the field: ${thrown.message.slice(0, 120)}`;
  return null;
}

/** What a caller reads of an error is a sentence or two, not its own request. */
const MAX_MESSAGE_CHARS = 2_000;

/** What is wrong with an error that a provider's bytes caused. */
export function judgeUpstreamThrow(thrown: unknown): string | null {
  if (!(thrown instanceof GatewayError)) return `throws ${describeThrown(thrown)}`;
  return thrown.code.startsWith("upstream_") ? null : `throws ${describeThrown(thrown)}`;
}

/** What of a value JSON cannot say, with its place; null where it can say all of it. */
export function findNoJson(value: unknown, path = "$"): string | null {
  switch (typeof value) {
    case "string":
    case "boolean":
      return null;
    case "number":
      return Number.isFinite(value) ? null : `${value} at ${path}`;
    case "object":
      break;
    default:
      return `${typeof value} at ${path}`;
  }
  if (value === null) return null;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = findNoJson(value[index], `${path}[]`);
      if (found !== null) return found;
    }
    return null;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `an object with a prototype of its own at ${path}`;
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, Json | undefined>)[key];
    // A member that is undefined is not written.
    if (member === undefined) continue;
    const found = findNoJson(member, `${path}.${key.slice(0, 30)}`);
    if (found !== null) return found;
  }
  return null;
}

/** Everything that all values share; a caller that reaches it reaches every other caller. */
const SHARED: readonly object[] = [
  Object.prototype,
  Array.prototype,
  String.prototype,
  Number.prototype,
  Boolean.prototype,
  Function.prototype,
  Map.prototype,
  Set.prototype,
  Error.prototype,
  Uint8Array.prototype,
  Object,
  Array,
  JSON,
];

const BEFORE = SHARED.map(
  (object) => Object.getOwnPropertyDescriptors(object) as Record<PropertyKey, PropertyDescriptor>,
);
const KEYS = BEFORE.map((descriptors) => Reflect.ownKeys(descriptors));

/** The shared property that was changed since the start, put back; null where none was. */
export function findPollution(): string | null {
  let found: string | null = null;
  for (const [at, object] of SHARED.entries()) {
    const before = BEFORE[at] as Record<PropertyKey, PropertyDescriptor>;
    const now = Reflect.ownKeys(object);
    if (now.length !== (KEYS[at] as PropertyKey[]).length) {
      for (const key of now) {
        if (Object.hasOwn(before, key)) continue;
        found = `prototype polluted: ${String(key)}`;
        Reflect.deleteProperty(object, key);
      }
    }
    for (const key of KEYS[at] as PropertyKey[]) {
      const was = before[key] as PropertyDescriptor;
      if (!("value" in was) || Object.is(Reflect.get(object, key), was.value)) continue;
      found = `prototype polluted: ${String(key)}`;
      Object.defineProperty(object, key, was);
    }
  }
  return found;
}

/**
 * The most that may become of a few characters: other APIs say the same in more words, but what is said once is not said again with
 * every element of a list.
 */
export function mostCharsOf(inputChars: number, factor = 12): number {
  return inputChars * factor + 30_000;
}
