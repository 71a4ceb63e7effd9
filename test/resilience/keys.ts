/** Virtual keys for tests: the key a caller sends, and what the config knows of it. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { codeOf, type Entry, type Headers, type StageOptions } from "./stage.ts";

/** A documented example's form: nothing that could be taken for a real key. */
export const secretOf = (name: string): string => `sk-example-caller-${name}`;

/** An entry for the config's `keys` section. */
export function keyEntry(name: string, fields: Entry = {}): Entry {
  return { name, sha256: createHash("sha256").update(secretOf(name)).digest("hex"), ...fields };
}

/** What a caller with that key sends, beside other headers. */
export function withKey(name: string, more: Headers = []): Headers {
  return [["authorization", `Bearer ${secretOf(name)}`], ...more];
}

type ErrorBody = { readonly error: { readonly message: string } };

/** One provider, `only`. */
export const ONE = { members: ["only"] } as const;

/** A stage with these keys, and one provider. */
export function withKeys(keys: readonly Entry[], more: StageOptions = {}, config: Entry = {}): StageOptions {
  return { ...ONE, ...more, config: { keys, ...config } };
}

/** A number in a header; NaN where it is not there. */
export const figure = (answer: HttpMessage, name: string): number => Number(answer.header(name) ?? Number.NaN);

/** A refusal for want of rate: its status, code and Retry-After, and that it names the limit. */
export function expectRateLimited(answer: HttpMessage, ...words: readonly (string | RegExp)[]): void {
  expect([answer.status, codeOf(answer)], answer.text).toEqual([429, "rate_limit_exceeded"]);
  expect(figure(answer, "retry-after"), answer.text).toBeGreaterThanOrEqual(1);
  for (const word of words) expect((answer.json() as ErrorBody).error.message).toMatch(word);
}
