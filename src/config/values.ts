/**
 * The kinds of value a config knows beside plain strings and numbers. Each schema's message is only what was
 * *expected*; `validate.ts` adds what came, because it alone knows which texts must not be shown.
 */
import * as v from "valibot";

/** Facts about a schema that valibot has no word for; the walk, the JSON Schema and the reference page read them. */
export type Marks = {
  /** How the reference page and the JSON Schema name the value. */
  readonly kind?: "duration" | "delay" | "size" | "percent" | "text" | "strategy";
  /** The schemas of a value that may be written in several forms. */
  readonly forms?: Forms;
  /** Understood and checked, without effect in this version. */
  readonly isPlanned?: true;
  /** Never shown in a message. */
  readonly isSecret?: true;
};

/** A value by the form it is written in. */
export type Forms = {
  readonly expected: string;
  readonly text: v.GenericSchema;
  readonly list?: v.GenericSchema;
  readonly map: v.GenericSchema;
};

export function marks<Input>(value: Marks): v.MetadataAction<Input, Marks> {
  return v.metadata<Input, Marks>(value);
}

/** What is expected where another form came. */
export const A_MAP = "a map";
export const A_LIST = "a list";

export const DURATION_PATTERN = /^([0-9]{1,9})(ms|s|m|h)$/;
export const DELAY_PATTERN = /^(?:[0-9]{1,9}(?:ms|s|m|h)|p95)$/;
export const SIZE_PATTERN = /^([0-9]{1,12})(B|KB|KiB|MB|MiB|GB|GiB)$/;
export const PERCENT_PATTERN = /^(100|[0-9]{1,2})(\.[0-9]{1,3})?%$/;
export const ENVIRONMENT_PATTERN = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  KiB: 1_024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
};

/** A day: longer waits mean a typo, and timers of more than 24.8 days (2^31 ms) would fire at once. */
export const MAX_DURATION_MS = 86_400_000;

/** `5s` → 5000. The text has passed DURATION_PATTERN. */
export function parseDuration(text: string): number {
  const [, count = "", unit = ""] = DURATION_PATTERN.exec(text) ?? [];
  return Number(count) * (MS_PER_UNIT[unit] ?? Number.NaN);
}

/** `64KiB` → 65536, 65536 → 65536. A text has passed SIZE_PATTERN. */
export function parseSize(value: string | number): number {
  if (typeof value === "number") return value;
  const [, count = "", unit = ""] = SIZE_PATTERN.exec(value) ?? [];
  return Number(count) * (BYTES_PER_UNIT[unit] ?? Number.NaN);
}

/** `5%` → 0.05. The text has passed PERCENT_PATTERN. */
export function parsePercent(text: string): number {
  return Number(text.slice(0, -1)) / 100;
}

/** A duration as text; `minimum` is the shortest one allowed, `0s` only where it means something. */
export function duration(description: string, minimum = "1ms", maximum = "24h") {
  const expected = `a duration between ${minimum} and ${maximum} such as 250ms, 5s, 10m or 1h`;
  return v.pipe(
    v.string(expected),
    v.regex(DURATION_PATTERN, expected),
    v.transform(parseDuration),
    v.minValue(parseDuration(minimum), expected),
    v.maxValue(parseDuration(maximum), expected),
    v.description(description),
    marks({ kind: "duration" }),
  );
}

/** A duration, or `p95`: what 95 of 100 answers need. */
export function delay(description: string) {
  const expected = "p95 or a duration between 1ms and 24h such as 250ms, 5s, 10m or 1h";
  return v.pipe(
    v.string(expected),
    v.regex(DELAY_PATTERN, expected),
    v.transform((text): number | "p95" => (text === "p95" ? text : parseDuration(text))),
    v.check((value) => value === "p95" || (value >= 1 && value <= MAX_DURATION_MS), expected),
    v.description(description),
    marks({ kind: "delay" }),
  );
}

/** A number of bytes: `64KiB`, `1MB`, or a plain integer. */
export function size(description: string, minimum: string, maximum: string) {
  const expected = `a size between ${minimum} and ${maximum} such as 64KiB, 1MiB or a number of bytes`;
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(SIZE_PATTERN, expected))], expected),
    v.transform(parseSize),
    v.integer(expected),
    v.minValue(parseSize(minimum), expected),
    v.maxValue(parseSize(maximum), expected),
    v.description(description),
    marks({ kind: "size" }),
  );
}

/** A share: `5%` → 0.05; `minimum` is above 0% where nothing at all means nothing. */
export function percent(description: string, minimum: "0%" | "0.1%" | "1%" = "0%") {
  const expected = `a percentage between ${minimum} and 100% such as 5%`;
  return v.pipe(
    v.string(expected),
    v.regex(PERCENT_PATTERN, expected),
    v.transform(parsePercent),
    v.minValue(parsePercent(minimum), expected),
    v.maxValue(1, expected),
    v.description(description),
    marks({ kind: "percent" }),
  );
}

export function integer(description: string, minimum: number, maximum: number) {
  const expected = `an integer between ${minimum} and ${maximum}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
    v.description(description),
  );
}

/** A number that may have decimals, such as an amount of money. */
export function amount(description: string, minimum: number, maximum: number) {
  const expected = `a number between ${minimum} and ${maximum}`;
  return v.pipe(
    v.number(expected),
    v.finite(expected),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
    v.description(description),
  );
}

export function flag(description: string) {
  return v.pipe(v.boolean("true or false"), v.description(description));
}

/** A text of one line that is not empty. */
export function text(description: string, expected = "a text that is not empty", maxLength = 1_024) {
  return v.pipe(
    v.string(expected),
    v.nonEmpty(expected),
    v.maxLength(maxLength, `${expected}, of at most ${maxLength} characters`),
    v.description(description),
  );
}

/** A word made of letters, digits, dots, dashes and underscores. */
export function word(description: string, expected: string) {
  return v.pipe(v.string(expected), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, expected), v.description(description));
}

/** A list of words or texts, none of them twice. */
export function listOf<Item extends v.GenericSchema<string>>(
  description: string,
  item: Item,
  noun: string,
  minimum: 0 | 1,
  maximum: number,
) {
  return v.pipe(
    v.array(item, A_LIST),
    v.minLength(minimum, `at least one ${noun}`),
    v.maxLength(maximum, `at most ${maximum} ${noun}s`),
    v.checkItems((value, index, all) => all.indexOf(value) === index, `every ${noun} once`),
    v.description(description),
  );
}

/** One of a closed list of words. */
export function oneOf<const Words extends readonly string[]>(description: string, words: Words) {
  return v.pipe(v.picklist(words, `one of ${words.join(", ")}`), v.description(description));
}

/** Text in place, or `{ file: /path }`: the contents of a file, followed when it changes. Never shown. */
export function textOrFile(description: string) {
  const expected = "a text that is not empty or { file: /path }";
  return v.pipe(
    v.union(
      [v.pipe(v.string(), v.nonEmpty(expected)), v.strictObject({ file: v.pipe(v.string(), v.nonEmpty()) })],
      expected,
    ),
    v.description(description),
    marks({ kind: "text", isSecret: true }),
  );
}

export type TextOrFile = string | { readonly file: string };
