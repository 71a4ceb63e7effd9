/**
 * What the fake upstream does with one request, as data: a list of steps, played in order on the connection.
 * A script ends where its list ends; the connection then serves the next request, unless the answer's head or the
 * request said `connection: close`, in which case it is closed with a FIN.
 */

export type Step =
  /** Status line and headers; `reason` is the phrase, headers are written as given. */
  | {
      readonly kind: "head";
      readonly status: number;
      readonly reason?: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
    }
  /** Bytes as they are, in one write. */
  | { readonly kind: "bytes"; readonly data: string | Uint8Array }
  /** Bytes in writes of `size` bytes each, the event loop turning in between. */
  | { readonly kind: "pieces"; readonly data: string | Uint8Array; readonly size: number }
  /** One chunk of a chunked body, in one write. */
  | { readonly kind: "chunk"; readonly data: string | Uint8Array }
  /** The end of a chunked body. */
  | { readonly kind: "last-chunk"; readonly trailers?: readonly (readonly [name: string, value: string])[] }
  /** Waits for the test. */
  | { readonly kind: "wait"; readonly until: Promise<unknown> }
  /** Waits for time to pass, where time itself is what is tested (timeouts). */
  | { readonly kind: "pause"; readonly ms: number }
  /** Tells the test that the script has come this far. */
  | { readonly kind: "call"; readonly run: () => void }
  /** Closes the writing side: the peer sees the connection end in good order. */
  | { readonly kind: "fin" }
  /** Aborts the connection: on TCP the peer sees ECONNRESET. */
  | { readonly kind: "rst" }
  /** Says nothing more and holds the connection until the peer leaves. */
  | { readonly kind: "silence" };

export type Script = readonly Step[];

export type HeadStep = Extract<Step, { kind: "head" }>;

/** The bytes a step puts on the wire; null for steps that write nothing. */
export function encodeStep(step: Step): Buffer | null {
  switch (step.kind) {
    case "head": {
      const lines = step.headers.map(([name, value]) => `${name}: ${value}\r\n`);
      const reason = step.reason ?? REASONS[step.status] ?? "";
      return Buffer.from(`HTTP/1.1 ${step.status} ${reason}\r\n${lines.join("")}\r\n`, "latin1");
    }
    case "bytes":
    case "pieces":
      return toBuffer(step.data);
    case "chunk": {
      const data = toBuffer(step.data);
      if (data.length === 0) throw new Error("a chunk step expects at least one byte: an empty chunk ends the body");
      return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
    }
    case "last-chunk": {
      const trailers = (step.trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`);
      return Buffer.from(`0\r\n${trailers.join("")}\r\n`, "latin1");
    }
    case "wait":
    case "pause":
    case "call":
    case "fin":
    case "rst":
    case "silence":
      return null;
    default:
      return step satisfies never;
  }
}

/** Number of bytes the whole script writes. */
export function countBytes(script: Script): number {
  return script.reduce((sum, step) => sum + (encodeStep(step)?.length ?? 0), 0);
}

/** The script up to `atByte` bytes, then the ending: how a fault is put at any point of any answer. */
export function cutAt(script: Script, atByte: number, ending: Step): Script {
  const cut: Step[] = [];
  let left = atByte;
  for (const step of script) {
    const bytes = encodeStep(step);
    if (bytes !== null && bytes.length > left) {
      if (left > 0) cut.push({ kind: "bytes", data: bytes.subarray(0, left) });
      return [...cut, ending];
    }
    left -= bytes?.length ?? 0;
    cut.push(step);
  }
  return [...cut, ending];
}

/** The same bytes, every write cut into pieces of `size` bytes. */
export function inPieces(script: Script, size: number): Script {
  return script.map((step) => {
    const bytes = encodeStep(step);
    return bytes === null ? step : ({ kind: "pieces", data: bytes, size } satisfies Step);
  });
}

/** The same bytes in one single write (waits and calls go first, endings stay last). */
export function coalesced(script: Script): Script {
  const pieces = script.map(encodeStep).filter((bytes) => bytes !== null);
  const others = script.filter((step) => encodeStep(step) === null);
  const isEnding = (step: Step) => step.kind === "fin" || step.kind === "rst" || step.kind === "silence";
  return [
    ...others.filter((step) => !isEnding(step)),
    { kind: "bytes", data: Buffer.concat(pieces) },
    ...others.filter(isEnding),
  ];
}

/** Puts steps between every two writes of a script, e.g. a wait. */
export function between(script: Script, make: (index: number) => Step): Script {
  return script.flatMap((step, index) => (index === 0 ? [step] : [make(index), step]));
}

export function toBuffer(data: string | Uint8Array): Buffer {
  return typeof data === "string" ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

const REASONS: Readonly<Record<number, string>> = {
  100: "Continue",
  200: "OK",
  204: "No Content",
  304: "Not Modified",
  307: "Temporary Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};
