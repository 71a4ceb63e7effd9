/**
 * Differential fuzz: whatever our parsers accept, Node's parser accepts and reads alike; and the way the bytes are cut
 * never changes what we read. `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs per side (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import { drawRequest, drawResponse } from "../instruments/fuzz-grammar.ts";
import { readWithOurParser, type FuzzSide } from "../instruments/fuzz-our-parser.ts";
import type { Reading } from "../instruments/fuzz-reading.ts";
import { findNode, readWithNode, type NodeReading } from "../instruments/node-parser.ts";
import { Random, fuzzSeed } from "../instruments/random.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 5_000);
/** Inputs per run of `node`: what is held in memory at once. */
const BATCH = 5_000;

/**
 * Why we may refuse what Node accepts: each a rule of RFC 9112 that Node leaves to the application, or a bound of ours.
 * A refusal for any other reason is a finding.
 */
const STRICTER: readonly (readonly [why: RegExp, because: string, input?: RegExp])[] = [
  [
    /^expected a request line/,
    "RFC 9112 section 3: three parts and a version; Node takes a line without one for HTTP/0.9",
  ],
  [/^expected a status line/, "RFC 9112 section 4: HTTP/1.0 or 1.1 alone; Node reads answers of 0.9 and 2.0, too"],
  [/^expected HTTP\/1\.0 or HTTP\/1\.1/, "RFC 9110 section 2.5; Node reads requests of 0.9 and 2.0, too"],
  [/^the method is not one this server knows/, "DESIGN section 5: unknown methods are refused"],
  [/^the Host header is malformed/, "RFC 9112 section 3.2; Node leaves the value to the application"],
  [/^expected exactly one Host/, "RFC 9112 section 3.2; Node drops the second one"],
  [/^the request target is malformed/, "RFC 9112 section 3.2 and RFC 3986; Node takes any visible byte"],
  [/^expected Transfer-Encoding: chunked/, "RFC 9112 section 6.1: no other coding is known here"],
  [/^expected one Transfer-Encoding/, "RFC 9112 section 6.1: chunked once, and nothing else"],
  [/^Transfer-Encoding does not exist in HTTP\/1\.0/, "RFC 9112 section 6.1: suspect framing"],
  [/the trailer holds (content-length|transfer-encoding)/, "RFC 9110 section 6.5.1: no framing in trailers"],
  [/^the method is not a token/, "RFC 9112 section 2.2: an empty line may come first, a bare LF is none", /^\n/],
  [/^expected CRLF after the (request|status) line, got a bare CR/, "RFC 9112 section 2.2: a bare CR ends no line"],
  [/^expected CRLF, got a bare LF/, "RFC 9112 section 2.2: refused before the head is complete"],
  [/^the chunk size is too large/, "our bound: 13 hexadecimal digits, leading zeros included"],
  [
    /^the Content-Length is malformed/,
    "our bound: 15 digits, leading zeros included",
    /content-length:[ \t]*[0-9]{16}/i,
  ],
];

/**
 * Where we may accept what Node refuses, or read it otherwise. The first two lie inside chunked framing, in parts that we
 * read over and never send on: what a chunk extension holds is nobody's business as long as its line ends where both see
 * it end (control characters are refused), and a trailer is dropped whatever its name. In the third Node differs from
 * RFC 9112 section 5: white space after a value, tabs too, is no part of it.
 */
const LOOSER: readonly (readonly [because: string, part: "head" | "body", input: RegExp, node: RegExp | null])[] = [
  ["grammar of a chunk extension", "body", /\r\n[0-9A-Fa-f]+;[^\r\n]*\r\n/, /^HPE_(STRICT|INVALID_CHUNK_SIZE)$/],
  [
    "name of a trailer",
    "body",
    /\r\n0+(;[^\r\n]*)?\r\n[^]*(content-length|transfer-encoding)/i,
    /^HPE_(INVALID|UNEXPECTED)_(CONTENT_LENGTH|TRANSFER_ENCODING)$/,
  ],
  ["tab after a value that frames", "head", /\r\n(content-length|transfer-encoding):[^\r\n]*\t[ \t]*\r\n/i, null],
];

type Input = { readonly number: number; readonly method: string; readonly bytes: Buffer };

function drawInputs(side: FuzzSide, from: number, count: number): Input[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    // Every input has a generator of its own: it can be drawn again without those before it.
    const random = new Random(SEED * 31 + number);
    const method = random.chance(0.1) ? "HEAD" : "GET";
    return { number, method, bytes: side === "request" ? drawRequest(random) : drawResponse(random) };
  });
}

function describeInput(side: FuzzSide, input: Input): string {
  return `FUZZ_SEED=${SEED}, ${side} ${input.number} (${input.method}): ${JSON.stringify(input.bytes.toString("latin1"))}`;
}

/** What is wrong with our reading, seen from Node's; null when nothing is. */
function compare(ours: Reading, node: NodeReading): string | null {
  if (ours.kind !== "message") return null;
  const theirs = node.kind === "refused" ? node.head : node;
  if (theirs === undefined) return `we accept a head that node refuses (${node.kind === "refused" ? node.why : ""})`;
  if (theirs.kind === "incomplete") return "we accept a head that node holds for incomplete";
  const head = (reading: Pick<Extract<Reading, { kind: "message" }>, "start" | "headers">) =>
    JSON.stringify([reading.start, reading.headers]);
  if (head(ours) !== head(theirs)) return `we read the head ${head(ours)}, node ${head(theirs)}`;
  if (node.kind === "tunnel" || !ours.isComplete) return null;
  if (node.kind === "refused") return `we accept a body that node refuses (${node.why})`;
  if (!theirs.isComplete) return "we hold a body for complete that node does not";
  return ours.body === theirs.body ? null : `we read the body ${ours.body}, node ${theirs.body}`;
}

function isKnownStrictness(why: string, input: Input): boolean {
  const text = input.bytes.toString("latin1");
  return STRICTER.some(([reason, , form]) => reason.test(why) && (form === undefined || form.test(text)));
}

/** The reason in LOOSER that excuses a finding; null when there is none. */
function findLooseness(input: Input, node: NodeReading): string | null {
  const text = input.bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n", 2) + 2;
  const parts = { head: text.slice(0, end), body: text.slice(end) };
  const excuse = LOOSER.find(([, part, form, code]) => {
    if (!form.test(parts[part])) return false;
    return code === null || (node.kind === "refused" && node.head !== undefined && code.test(node.why));
  });
  return excuse?.[0] ?? null;
}

for (const side of ["request", "response"] as const) {
  describe(`${side}s (FUZZ_SEED=${SEED}, ${COUNT} inputs)`, () => {
    test("are read alike however they are cut", () => {
      for (let from = 0; from < COUNT; from += BATCH) {
        for (const input of drawInputs(side, from, Math.min(BATCH, COUNT - from))) {
          const whole = JSON.stringify(readForm(readWithOurParser(side, input.method, [input.bytes])));
          const random = new Random(SEED ^ input.number);
          for (const pieces of [splitEvery(input.bytes, 1), splitRandomly(input.bytes, random)]) {
            const cut = JSON.stringify(readForm(readWithOurParser(side, input.method, pieces)));
            if (cut !== whole) throw new Error(`whole ${whole}, cut ${cut}; ${describeInput(side, input)}`);
          }
        }
      }
    }, 600_000);

    const node = findNode();
    test.skipIf(node === null)(
      node === null
        ? "are accepted only where Node accepts them (skipped: no `node` on the PATH)"
        : "are accepted only where Node accepts them, and read alike",
      async () => {
        const findings: string[] = [];
        const stricter = new Map<string, number>();
        const looser = new Map<string, number>();
        let accepted = 0;
        for (let from = 0; from < COUNT; from += BATCH) {
          const inputs = drawInputs(side, from, Math.min(BATCH, COUNT - from));
          const readings = await readWithNode(
            node as string,
            inputs.map((input) => ({ side, ...input })),
          );
          for (const [index, input] of inputs.entries()) {
            const ours = readWithOurParser(side, input.method, [input.bytes]);
            const theirs = readings[index] as NodeReading;
            if (ours.kind === "message" && ours.isComplete) accepted += 1;
            const finding = compare(ours, theirs);
            const looseness = finding === null ? null : findLooseness(input, theirs);
            if (looseness !== null) looser.set(looseness, (looser.get(looseness) ?? 0) + 1);
            else if (finding !== null) findings.push(`${finding}; ${describeInput(side, input)}`);
            if (ours.kind === "refused" && theirs.kind === "message" && theirs.isComplete) {
              stricter.set(ours.why, (stricter.get(ours.why) ?? 0) + 1);
              if (!isKnownStrictness(ours.why, input)) {
                findings.push(`we refuse what node accepts (${ours.why}); ${describeInput(side, input)}`);
              }
            }
          }
        }
        if (process.env["FUZZ_VERBOSE"] !== undefined) console.log(side, { accepted, COUNT }, stricter, looser);
        expect(findings.slice(0, 10)).toEqual([]);
        // A generator whose messages are all refused would prove nothing.
        expect(accepted).toBeGreaterThan(COUNT / 5);
      },
      600_000,
    );
  });
}

/** Which reason stands for a refusal may depend on how much was seen; that there is a refusal may not. */
function readForm(reading: Reading): Reading | { readonly kind: "refused" } {
  return reading.kind === "refused" ? { kind: "refused" } : reading;
}

function splitEvery(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += size) pieces.push(bytes.subarray(offset, offset + size));
  return pieces;
}

function splitRandomly(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const size = random.between(1, 20);
    pieces.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return pieces;
}
