/** Reads `.case` files: bytes in → what the upstream may see → what comes back (README.md describes the format). */

export type InputStep =
  | { readonly kind: "send"; readonly bytes: Buffer }
  /** Waits for the head of an answer with this status before it goes on. */
  | { readonly kind: "await"; readonly status: number }
  | { readonly kind: "half-close" };

export type HeaderCheck =
  | { readonly kind: "has"; readonly name: string; readonly value: string }
  | { readonly kind: "lacks"; readonly name: string };

export type ExpectedRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly HeaderCheck[];
  /** Exact bytes of the body without framing; null when it does not matter. */
  readonly body: Buffer | null;
};

export type ExpectedAnswer = {
  readonly statuses: readonly number[];
  readonly headers: readonly HeaderCheck[];
  readonly contains: readonly string[];
};

/** What must be true afterwards. */
export type Expectation =
  | {
      readonly kind: "exact";
      readonly requests: readonly ExpectedRequest[];
      readonly answers: readonly ExpectedAnswer[];
    }
  /** Every answer is an error (4xx or 501), there is one at least, the connection is closed, the upstream saw nothing. */
  | { readonly kind: "refused" }
  /** As `refused`; or the upstream saw exactly one request with this body, the answer is 200, and the connection stays open. */
  | { readonly kind: "refused-or-body"; readonly body: Buffer };

/** How the connection must stand in the end; `any` where the case does not say. */
export type Ending = "open" | "closed" | "waiting" | "any";

export type RawCase = {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly input: readonly InputStep[];
  readonly expectation: Expectation;
  readonly ending: Ending;
};

type Draft = {
  name: string;
  line: number;
  variables: Map<string, string[]>;
  lines: { readonly number: number; readonly text: string }[];
};

/** All cases of a file, templates expanded. */
export function parseCases(text: string, file: string): RawCase[] {
  const drafts: Draft[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const number = index + 1;
    if (line.trim() === "" || line.startsWith("#")) continue;
    const name = /^case (.+)$/.exec(line)?.[1];
    if (name !== undefined) {
      drafts.push({ name, line: number, variables: new Map(), lines: [] });
      continue;
    }
    const draft = drafts.at(-1);
    if (draft === undefined) throw new Error(`${file}:${number}: expected "case NAME" first, got ${line}`);
    const variable = /^each (\w+) = ?(.*)$/.exec(line);
    if (variable === null) {
      draft.lines.push({ number, text: line });
    } else {
      const [, key, value] = variable as unknown as [string, string, string];
      draft.variables.set(key, [...(draft.variables.get(key) ?? []), value]);
    }
  }
  return drafts.flatMap((draft) => expand(draft).map((filled) => parseCase(filled, file)));
}

/** One case per combination of the template's values. */
function expand(draft: Draft): Draft[] {
  let expanded = [draft];
  for (const [key, values] of draft.variables) {
    const mark = `\\{${key}}`;
    expanded = expanded.flatMap((each) =>
      values.map((value) => ({
        ...each,
        name: each.name.includes(mark) ? each.name.replaceAll(mark, () => value) : `${each.name} [${key} = ${value}]`,
        lines: each.lines.map((line) => ({ ...line, text: line.text.replaceAll(mark, () => value) })),
      })),
    );
  }
  return expanded;
}

function parseCase(draft: Draft, file: string): RawCase {
  const input: InputStep[] = [];
  let pending: Buffer[] = [];
  const requests: ExpectedRequest[] = [];
  const answers: ExpectedAnswer[] = [];
  let principle: Expectation | null = null;
  let ending: Ending = "any";
  let isUpstreamStated = false;
  let open: { headers: HeaderCheck[]; contains?: string[]; setBody?: (body: Buffer) => void } | null = null;

  const flush = (): void => {
    if (pending.length > 0) input.push({ kind: "send", bytes: Buffer.concat(pending) });
    pending = [];
  };
  const fail = (number: number, expected: string, came: string): never => {
    throw new Error(`${file}:${number}: expected ${expected}, got ${JSON.stringify(came)}`);
  };

  for (const { number, text } of draft.lines) {
    if (text.startsWith(">>")) {
      pending.push(unescape(text.slice(2).replace(/^ /, "")));
    } else if (text.startsWith(">")) {
      pending.push(unescape(text.slice(1).replace(/^ /, "")), Buffer.from("\r\n"));
    } else if (text.startsWith("  ")) {
      if (open === null) return fail(number, "a check after an upstream or answer line", text);
      const [, word, rest] = /^\s+(\S+) ?(.*)$/.exec(text) ?? fail(number, "a check", text);
      const header = /^([^:\s]+): ?(.*)$/.exec(rest as string);
      if (word === "has" && header !== null) {
        const value = unescape(header[2] as string).toString("latin1");
        open.headers.push({ kind: "has", name: header[1] as string, value });
      } else if (word === "lacks") {
        open.headers.push({ kind: "lacks", name: rest as string });
      } else if (word === "body" && open.setBody !== undefined) {
        open.setBody(unescape(rest as string));
      } else if (word === "contains" && open.contains !== undefined) {
        open.contains.push(unescape(rest as string).toString("utf8"));
      } else {
        fail(number, "has NAME: VALUE, lacks NAME, body TEXT (upstream) or contains TEXT (answer)", text);
      }
    } else if (/^await \d{3}$/.test(text)) {
      flush();
      input.push({ kind: "await", status: Number(text.slice(6)) });
    } else if (text === "half-close") {
      flush();
      input.push({ kind: "half-close" });
    } else if (text === "upstream nothing") {
      isUpstreamStated = true;
      open = null;
    } else if (/^upstream \S+ \S+$/.test(text)) {
      const [, method, target] = text.split(" ") as [string, string, string];
      const headers: HeaderCheck[] = [];
      const request: { -readonly [K in keyof ExpectedRequest]: ExpectedRequest[K] } = {
        method,
        target,
        headers,
        body: null,
      };
      requests.push(request);
      isUpstreamStated = true;
      open = {
        headers,
        setBody: (body) => {
          request.body = body;
        },
      };
    } else if (/^answer \d{3}(\|\d{3})*$/.test(text)) {
      const headers: HeaderCheck[] = [];
      const contains: string[] = [];
      answers.push({ statuses: text.slice(7).split("|").map(Number), headers, contains });
      open = { headers, contains };
    } else if (text === "answer nothing") {
      open = null;
    } else if (text === "refused") {
      principle = { kind: "refused" };
      ending = "closed";
    } else if (text.startsWith("refused-or-body ")) {
      principle = { kind: "refused-or-body", body: unescape(text.slice("refused-or-body ".length)) };
    } else if (text === "open" || text === "closed" || text === "waiting") {
      ending = text;
      open = null;
    } else {
      fail(number, "one of the words of README.md", text);
    }
  }
  flush();
  if (input.length === 0) fail(draft.line, "bytes to send", draft.name);
  if (principle === null && !isUpstreamStated) fail(draft.line, "what the upstream may see", draft.name);
  return {
    name: draft.name,
    file,
    line: draft.line,
    input,
    expectation: principle ?? { kind: "exact", requests, answers },
    ending,
  };
}

/** `\r \n \t \0 \\ \xHH` and `\repeat(COUNT,TEXT)`, where TEXT may hold escapes and ends at the first `)`. */
export function unescape(text: string): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < text.length;) {
    if (text[index] !== "\\") {
      const next = text.indexOf("\\", index);
      const end = next < 0 ? text.length : next;
      parts.push(Buffer.from(text.slice(index, end), "utf8"));
      index = end;
      continue;
    }
    const rest = text.slice(index);
    const simple = /^\\([rnt0\\])/.exec(rest);
    const hex = /^\\x([0-9A-Fa-f]{2})/.exec(rest);
    const repeat = /^\\repeat\((\d+),([^)]*)\)/.exec(rest);
    // First, because it begins like `\r`.
    if (repeat !== null) {
      const unit = unescape(repeat[2] as string);
      for (let count = Number(repeat[1]); count > 0; count -= 1) parts.push(unit);
      index += repeat[0].length;
    } else if (simple !== null) {
      parts.push(Buffer.from(SIMPLE_ESCAPES[simple[1] as keyof typeof SIMPLE_ESCAPES]));
      index += 2;
    } else if (hex !== null) {
      parts.push(Buffer.from(hex[1] as string, "hex"));
      index += 4;
    } else {
      throw new Error(`expected an escape, got ${JSON.stringify(rest.slice(0, 20))}`);
    }
  }
  return Buffer.concat(parts);
}

const SIMPLE_ESCAPES = { r: "\r", n: "\n", t: "\t", "0": "\0", "\\": "\\" } as const;
