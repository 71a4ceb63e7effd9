/**
 * Random HTTP messages: a grammar that mostly writes good ones, and mutations that break them where parsers are known to
 * differ. Everything is drawn from a seeded generator, so that an input is named by its seed and its number.
 */
import type { Random } from "./random.ts";

const TOKENS = [
  "X-A",
  "x-b",
  "Accept",
  "X-Long-Name-With-Dashes",
  "a",
  "1",
  "!#$%&'*+-.^_`|~",
  "Content-Type",
  "Trailer",
];
const VALUES = [
  "b",
  "",
  " ",
  "a b",
  "a\tb",
  "text/plain; q=0.5",
  '"quoted \\" text"',
  "caf\xe9",
  "\xff\x80",
  "a:b",
  "0",
  "x".repeat(300),
];
const TARGETS = [
  "/",
  "/v1/chat/completions",
  "/v1/chat/completions?a=b&c=%20",
  "/a/../b",
  "/%41%zz",
  "//x",
  "*",
  "http://example.com/v1/models",
  "https://example.com:443",
  "/a#b",
  "/caf\xe9",
  "/a|b{c}",
  "example.com:80",
  "/?",
  "/" + "p".repeat(200),
];
const METHODS = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "CONNECT",
  "TRACE",
  "post",
  "BREW",
  "M-SEARCH",
  "PRI",
  "QUERY",
];
const HOSTS = [
  "example.com",
  "localhost:8080",
  "[::1]:80",
  "",
  "a b",
  "a,b",
  "user@host",
  "ex\xe4mple",
  "a/b",
  "127.0.0.1",
];
const CODINGS = [
  "chunked",
  "Chunked",
  "CHUNKED",
  "chunked ",
  " chunked",
  "gzip, chunked",
  "chunked, chunked",
  "identity",
  "x",
  "chunked;a=b",
  "\x0bchunked",
  "chunked\x0b",
  "",
  "chunked,",
  ",chunked",
  '"chunked"',
];
const LENGTHS = [
  "+5",
  "-5",
  "0x5",
  "5, 5",
  "5,6",
  "05",
  " 5 ",
  "5 5",
  "",
  "5a",
  "1e1",
  "99999999999999999999",
  "5\x0b",
  "٥",
  "0",
  "5_0",
];
const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2.0",
  "http/1.1",
  "HTTP/1.10",
  "HTTP/0.9",
  "HTTP/1.",
];
/** Bytes that parsers disagree about, inserted or put in the place of others. */
const SHARP = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\x0b",
  "\x0c",
  "\x7f",
  "\x80",
  "\xa0",
  "\xff",
  '"',
  "\\",
  "0",
  "-",
  "+",
  "_",
  "x",
  "\r\r\n",
  "\n\n",
  " \r\n",
  "\r\n ",
  "\r\n\t",
];

/** Body bytes with the header lines that frame them. */
type Framed = { readonly lines: readonly string[]; readonly wire: string };

function drawData(random: Random): string {
  return random.bytes(random.pick([0, 1, 2, 5, 5, 13, 40, 300])).toString("latin1");
}

function writeChunked(random: Random): string {
  let wire = "";
  for (let count = random.below(4); count > 0; count -= 1) {
    const data = drawData(random) || "a";
    let size = data.length.toString(16);
    if (random.chance(0.3)) size = size.toUpperCase();
    if (random.chance(0.1)) size = "0".repeat(random.between(1, 14)) + size;
    if (random.chance(0.02))
      size = random.pick([
        "",
        "g",
        "0x5",
        "-1",
        "+5",
        " 5",
        "5 ",
        "ffffffffffffffff",
        "10000000000000005",
        "5_0",
        "1e1",
      ]);
    const extension = random.chance(0.15)
      ? random.pick([
          ";",
          ";a",
          ";a=b",
          ';a="b c"',
          ";a=b;c",
          " ;a",
          "; a = b",
          ";\xff",
          ";a=\t",
          ";a\x01",
          ";a\r",
          ";a\n",
          `;${"e".repeat(100)}`,
          ';"',
        ])
      : "";
    wire += `${size}${extension}\r\n${data}\r\n`;
  }
  const trailers = random.chance(0.2)
    ? random.pick([
        "X-T: a\r\n",
        "X-T: a\r\nX-U: b\r\n",
        "X-T\r\n",
        "X T: a\r\n",
        "X-T : a\r\n",
        " X-T: a\r\n",
        "X-T: a\r\n b\r\n",
        "Content-Length: 5\r\n",
        "X-T: \x01\r\n",
        ": a\r\n",
        "X-T:\r\n",
      ])
    : "";
  return `${wire}${random.chance(0.1) ? "000" : "0"}${random.chance(0.1) ? ";x=y" : ""}\r\n${trailers}\r\n`;
}

function frameBody(random: Random): Framed {
  switch (random.pick(["none", "length", "length", "chunked", "chunked", "strange", "both"] as const)) {
    case "none":
      return { lines: [], wire: random.chance(0.2) ? drawData(random) : "" };
    case "length": {
      const data = drawData(random);
      const length = random.chance(0.9)
        ? String(data.length)
        : String(Math.max(0, data.length + random.between(-2, 2)));
      const line = `Content-Length: ${length}`;
      return { lines: random.chance(0.04) ? [line, line] : [line], wire: data };
    }
    case "chunked":
      return { lines: ["Transfer-Encoding: chunked"], wire: writeChunked(random) };
    case "strange":
      return random.chance(0.5)
        ? { lines: [`Transfer-Encoding: ${random.pick(CODINGS)}`], wire: writeChunked(random) }
        : { lines: [`Content-Length: ${random.pick(LENGTHS)}`], wire: "hello" };
    case "both":
      return random.chance(0.3)
        ? { lines: ["Content-Length: 5", "Transfer-Encoding: chunked"], wire: writeChunked(random) }
        : { lines: [`content-length: 5`], wire: "hello" };
  }
}

function drawHeaders(random: Random, extra: readonly string[]): string {
  const lines = [...extra];
  for (let count = random.below(5); count > 0; count -= 1) {
    const at = random.below(lines.length + 1);
    lines.splice(at, 0, `${random.pick(TOKENS)}:${random.pick(["", " ", "\t", "  "])}${random.pick(VALUES)}`);
  }
  return lines.map((line) => `${line}\r\n`).join("");
}

/** Puts `count` sharp bytes somewhere into a message, or takes bytes away, or doubles a line. */
function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count -= 1) {
    const at = random.below(mutated.length + 1);
    switch (random.pick(["insert", "replace", "delete", "line", "cut", "byte"] as const)) {
      case "insert":
        mutated = mutated.slice(0, at) + random.pick(SHARP) + mutated.slice(at);
        break;
      case "replace":
        mutated = mutated.slice(0, at) + random.pick(SHARP) + mutated.slice(at + 1);
        break;
      case "delete":
        mutated = mutated.slice(0, at) + mutated.slice(at + random.between(1, 3));
        break;
      case "line": {
        const lines = mutated.split("\r\n");
        const index = random.below(lines.length);
        lines.splice(index, 0, lines[random.below(lines.length)] as string);
        mutated = lines.join("\r\n");
        break;
      }
      case "cut":
        mutated = mutated.slice(0, at);
        break;
      case "byte":
        mutated = mutated.slice(0, at) + String.fromCharCode(random.below(256)) + mutated.slice(at + 1);
        break;
    }
  }
  return mutated;
}

/** One request, good or broken, as bytes. */
export function drawRequest(random: Random): Buffer {
  const isPlain = random.chance(0.7);
  const method = isPlain ? random.pick(["GET", "POST", "POST", "PUT", "HEAD", "OPTIONS"]) : random.pick(METHODS);
  const target = isPlain ? random.pick(TARGETS.slice(0, 3)) : random.pick(TARGETS);
  const version = isPlain ? "HTTP/1.1" : random.pick(VERSIONS);
  const host = random.chance(0.9) ? ["Host: example.com"] : random.chance(0.6) ? [`Host: ${random.pick(HOSTS)}`] : [];
  const body = frameBody(random);
  const connection = random.chance(0.15)
    ? [`Connection: ${random.pick(["close", "keep-alive", "x", "close, x", "upgrade"])}`]
    : [];
  const text = `${method} ${target} ${version}\r\n${drawHeaders(random, [...host, ...body.lines, ...connection])}\r\n${body.wire}`;
  return Buffer.from(random.chance(0.5) ? text : mutate(text, random), "latin1");
}

/** One answer, good or broken, as bytes. */
export function drawResponse(random: Random): Buffer {
  const isPlain = random.chance(0.7);
  const version = isPlain ? "HTTP/1.1" : random.pick(VERSIONS);
  const status = random.chance(0.8)
    ? "200"
    : random.pick([
        "204",
        "304",
        "404",
        "500",
        "100",
        "103",
        "999",
        "99",
        "1000",
        "2 0",
        "-20",
        "",
        "20x",
        "600",
        "205",
      ]);
  const reason = random.pick([" OK", " OK", " OK", " ", "", " Not Found", " caf\xe9", " a\tb", "  two"]);
  const body = frameBody(random);
  const connection = random.chance(0.15) ? [`Connection: ${random.pick(["close", "keep-alive", "x"])}`] : [];
  const text = `${version} ${status}${reason}\r\n${drawHeaders(random, [...body.lines, ...connection])}\r\n${body.wire}`;
  return Buffer.from(random.chance(0.5) ? text : mutate(text, random), "latin1");
}
