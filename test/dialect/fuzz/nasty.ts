/** Values that a parser, a number or a lookup table trips over. */
import type { Json } from "../../../src/lib/json.ts";

/** Names that every object has without being given them: a table looked up with one of these finds what nobody put there. */
export const INHERITED = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "length"];

const STRINGS: readonly string[] = [
  "",
  " ",
  "0",
  "-1",
  "1e999",
  "NaN",
  "null",
  "[object Object]",
  "\ud800",
  "a\udfffb",
  "\u0000",
  "\ufeff",
  "\u2028",
  "é\u{1f600}",
  "line\r\nbreak: x\r\n\r\n",
  "data: [DONE]\n\n",
  "a,b;c=d",
  '"',
  "\\",
  "{",
  "[1,2",
  '{"a":',
  '{"__proto__":{"polluted":1}}',
  "{}",
  "data:",
  "data:,",
  "data:;base64,",
  "data:image/png;base64",
  "data:image/png;base64,%%%%",
  "data:image/png;base64,iVBORw0KGgo=",
  "data:text/plain;charset=utf-8;base64,aGk=",
  "data:application/json,%7B%7D",
  "data:image/png;base64,not base64 at all",
  "data:\ud800;base64,aGk=",
  "https://example.com/a.png",
  "http://[::1",
  "s3://bucket/key",
  "gs://bucket/key",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "//",
  "aGVsbG8=",
  "====",
  "2025-06-15T15:06:40Z",
  "9999999-01-01T00:00:00Z",
  "2025-99-99T99:99:99Z",
  "1s",
  "999999999999999999999s",
  "llmux.anthropic.aGk",
  "llmux.anthropic.",
  "llmux..",
  "bGxtdXguYW50aHJvcGljLmFHaw==",
  "$.a.__proto__.polluted",
  "$.a.length",
  "$.a[65536]",
  "$['__proto__']['polluted']",
  "x".repeat(300),
  "\u{10ffff}".repeat(70),
  ...INHERITED,
];

const NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1,
  2,
  0.5,
  -0.5,
  1.5,
  1e-320,
  127,
  128,
  129,
  65_535,
  65_536,
  1e9,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  1e21,
  1e300,
  -1e300,
  // What JSON.parse makes of 1e400.
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

const OTHERS: readonly Json[] = [
  null,
  true,
  false,
  [],
  {},
  [null],
  [[]],
  [{}],
  { type: null },
  { type: {} },
  { type: "__proto__" },
  // String() and Number() of these throw.
  { toString: null, valueOf: null },
  { toString: 1, valueOf: 1, length: -1 },
  { role: "user" },
  { text: "a" },
  { error: { message: "Incorrect API key provided: sk-example", type: "constructor", code: "__proto__" } },
  [1, "a", null, {}, [], true],
];

export const NASTY: readonly Json[] = [...STRINGS, ...NUMBERS, ...OTHERS];
export { NUMBERS as NASTY_NUMBERS, STRINGS as NASTY_STRINGS };

/** An array or object inside another, `depth` times. */
export function nested(depth: number, isArray: boolean, inmost: Json = null): Json {
  let value = inmost;
  for (let level = 0; level < depth; level += 1) value = isArray ? [value] : { a: value };
  return value;
}
