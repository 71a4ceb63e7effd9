/**
 * The tests' own HTTP/1.1 reader: strict, simple, and independent of `src/wire`, so that a mistake there is not repeated
 * here. The fake upstream reads requests with it and the raw client reads answers with it; anything RFC 9112 forbids a
 * sender to write is an `HttpSyntaxError`.
 */

export type HeaderField = readonly [name: string, value: string];

/** What a sender must never write. */
export class HttpSyntaxError extends Error {
  override readonly name = "HttpSyntaxError";
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,15})((?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?)$/;
/** Nothing a test sends has a longer head; a reader that never finds its blank line must stop somewhere. */
const MAX_HEAD_BYTES = 256 * 1024;

/** One request or answer as it came over the wire. */
export class HttpMessage {
  readonly rawHead: Buffer;
  readonly startLine: string;
  readonly headers: readonly HeaderField[];
  readonly minorVersion: 0 | 1;
  /** Requests only. */
  readonly method: string;
  readonly target: string;
  /** Answers only. */
  readonly status: number;
  readonly trailers: HeaderField[] = [];
  /** Data of every chunk, in order, when the body was chunked. */
  readonly chunks: Buffer[] = [];
  /** Whether the body was seen to its end, as its framing defines it. */
  isComplete = false;
  /** How the end of the body is known. */
  framing: "none" | "length" | "chunked" | "until-close" = "none";
  readonly rawBodyParts: Buffer[] = [];
  readonly bodyParts: Buffer[] = [];

  constructor(side: "request" | "response", rawHead: Buffer) {
    this.rawHead = rawHead;
    const lines = splitHead(rawHead);
    this.startLine = lines[0] ?? "";
    if (side === "request") {
      const match = REQUEST_LINE.exec(this.startLine);
      if (match === null) throw new HttpSyntaxError(`request line ${JSON.stringify(this.startLine)}`);
      this.method = match[1] as string;
      this.target = match[2] as string;
      this.minorVersion = match[3] === "1" ? 1 : 0;
      this.status = 0;
    } else {
      const match = STATUS_LINE.exec(this.startLine);
      if (match === null) throw new HttpSyntaxError(`status line ${JSON.stringify(this.startLine)}`);
      this.minorVersion = match[1] === "1" ? 1 : 0;
      this.status = Number(match[2]);
      this.method = "";
      this.target = "";
    }
    this.headers = lines.slice(1).map(readField);
  }

  /** Every value of a header, in order. */
  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.headers.filter(([candidate]) => candidate.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** The header's value; null when it is absent, an error when it stands there twice. */
  header(name: string): string | null {
    const values = this.all(name);
    if (values.length > 1) throw new HttpSyntaxError(`expected one ${name} header, got ${JSON.stringify(values)}`);
    return values[0] ?? null;
  }

  /** The body without its framing. */
  get body(): Buffer {
    return Buffer.concat(this.bodyParts);
  }

  /** The body as it stood on the wire, chunk sizes and all. */
  get rawBody(): Buffer {
    return Buffer.concat(this.rawBodyParts);
  }

  get text(): string {
    return this.body.toString("utf8");
  }

  json(): unknown {
    return JSON.parse(this.text);
  }
}

export type HttpReaderOptions = {
  readonly side: "request" | "response";
  /** Method of the request an answer belongs to (HEAD has no body); called once per final answer. */
  readonly requestMethod?: () => string;
  readonly onHead?: (message: HttpMessage) => void;
  readonly onBody?: (message: HttpMessage, bytes: Buffer) => void;
  readonly onEnd?: (message: HttpMessage) => void;
};

type State =
  | { readonly kind: "head" }
  | { readonly kind: "length"; left: number }
  | { readonly kind: "chunk-size" }
  | { readonly kind: "chunk-data"; left: number; readonly parts: Buffer[] }
  | { readonly kind: "chunk-end" }
  | { readonly kind: "trailers" }
  | { readonly kind: "until-close" }
  | { readonly kind: "tunnel" };

/** Reads a connection's messages from pieces of any size; throws `HttpSyntaxError` at the first thing forbidden. */
export class HttpReader {
  /** Bytes after a `101`, untouched. */
  readonly tunnelled: Buffer[] = [];
  readonly #options: HttpReaderOptions;
  #unread: Buffer = Buffer.alloc(0);
  #state: State = { kind: "head" };
  #message: HttpMessage | null = null;

  constructor(options: HttpReaderOptions) {
    this.#options = options;
  }

  /** Whether a message has begun and not ended. */
  get isInsideMessage(): boolean {
    return this.#state.kind !== "tunnel" && (this.#message !== null || this.#unread.length > 0);
  }

  push(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    while (this.#step()) {
      // each step consumes what it understood
    }
  }

  /** The peer sent its FIN: ends a body that runs until the close; throws when a message was cut short. */
  finish(): void {
    if (this.#state.kind === "until-close") this.#end();
    if (this.isInsideMessage) {
      throw new HttpSyntaxError(`the connection ended inside a message (${this.#state.kind})`);
    }
  }

  #step(): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#readHead();
      case "length":
        return this.#readData(state);
      case "chunk-data":
        return this.#readData(state);
      case "chunk-size":
        return this.#readChunkSize();
      case "chunk-end": {
        const line = this.#takeLine();
        if (line === null) return false;
        if (line !== "") throw new HttpSyntaxError(`expected CRLF after chunk data, got ${JSON.stringify(line)}`);
        this.#state = { kind: "chunk-size" };
        return true;
      }
      case "trailers": {
        const line = this.#takeLine();
        if (line === null) return false;
        if (line === "") this.#end();
        else this.#current.trailers.push(readField(line));
        return true;
      }
      case "until-close":
        return this.#readRest();
      case "tunnel":
        if (this.#unread.length > 0) this.tunnelled.push(this.#unread);
        this.#unread = Buffer.alloc(0);
        return false;
      default:
        return state satisfies never;
    }
  }

  get #current(): HttpMessage {
    if (this.#message === null) throw new Error("no message is being read");
    return this.#message;
  }

  #readHead(): boolean {
    if (this.#unread.length === 0) return false;
    const end = this.#unread.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#unread.length > MAX_HEAD_BYTES) throw new HttpSyntaxError(`a head over ${MAX_HEAD_BYTES} bytes`);
      return false;
    }
    const message = new HttpMessage(this.#options.side, Buffer.from(this.#unread.subarray(0, end + 4)));
    this.#unread = this.#unread.subarray(end + 4);
    this.#message = message;
    const framing = this.#chooseFraming(message);
    this.#options.onHead?.(message);
    if (framing === null) this.#end();
    else this.#state = framing;
    if (message.status === 101) this.#state = { kind: "tunnel" };
    return true;
  }

  /** RFC 9112 section 6.3; null means that no body follows. */
  #chooseFraming(message: HttpMessage): State | null {
    const codings = message.all("transfer-encoding");
    const lengths = message.all("content-length");
    if (codings.length > 0 && lengths.length > 0) {
      throw new HttpSyntaxError("both Transfer-Encoding and Content-Length");
    }
    if (this.#options.side === "response") {
      const method = message.status < 200 ? "" : (this.#options.requestMethod?.() ?? "");
      const isBodiless = message.status < 200 || message.status === 204 || message.status === 304;
      if (isBodiless && message.status !== 304 && codings.length + lengths.length > 0) {
        throw new HttpSyntaxError(`a ${message.status} with Content-Length or Transfer-Encoding`);
      }
      if (isBodiless || method === "HEAD") return null;
    }
    if (codings.length > 0) {
      if (codings.join(",").toLowerCase() !== "chunked") {
        throw new HttpSyntaxError(`Transfer-Encoding ${JSON.stringify(codings)}`);
      }
      message.framing = "chunked";
      return { kind: "chunk-size" };
    }
    if (lengths.length > 0) {
      const text = lengths.join(",");
      if (!/^[0-9]{1,15}$/.test(text)) throw new HttpSyntaxError(`Content-Length ${JSON.stringify(lengths)}`);
      message.framing = "length";
      return text === "0" ? null : { kind: "length", left: Number(text) };
    }
    if (this.#options.side === "request") return null;
    message.framing = "until-close";
    return { kind: "until-close" };
  }

  #readData(state: Extract<State, { kind: "length" | "chunk-data" }>): boolean {
    if (this.#unread.length === 0) return false;
    const piece = this.#unread.subarray(0, state.left);
    this.#unread = this.#unread.subarray(piece.length);
    state.left -= piece.length;
    this.#current.rawBodyParts.push(piece);
    this.#current.bodyParts.push(piece);
    if (state.kind === "chunk-data") state.parts.push(piece);
    this.#options.onBody?.(this.#current, piece);
    if (state.left > 0) return false;
    if (state.kind === "length") {
      this.#end();
    } else {
      this.#current.chunks.push(Buffer.concat(state.parts));
      this.#state = { kind: "chunk-end" };
    }
    return true;
  }

  #readRest(): boolean {
    if (this.#unread.length === 0) return false;
    const piece = this.#unread;
    this.#unread = Buffer.alloc(0);
    this.#current.rawBodyParts.push(piece);
    this.#current.bodyParts.push(piece);
    this.#options.onBody?.(this.#current, piece);
    return false;
  }

  #readChunkSize(): boolean {
    const line = this.#takeLine();
    if (line === null) return false;
    const match = CHUNK_LINE.exec(line);
    if (match === null) throw new HttpSyntaxError(`chunk size line ${JSON.stringify(line)}`);
    const size = Number.parseInt(match[1] as string, 16);
    this.#state = size === 0 ? { kind: "trailers" } : { kind: "chunk-data", left: size, parts: [] };
    return true;
  }

  /** A line of the body's framing without its CRLF; null while it is incomplete. */
  #takeLine(): string | null {
    const lineFeed = this.#unread.indexOf(10);
    if (lineFeed < 0) {
      if (this.#unread.length > MAX_HEAD_BYTES) throw new HttpSyntaxError(`a line over ${MAX_HEAD_BYTES} bytes`);
      return null;
    }
    const line = this.#unread.subarray(0, lineFeed + 1);
    if (lineFeed === 0 || line[lineFeed - 1] !== 13) throw new HttpSyntaxError("a line that ends in a bare LF");
    this.#unread = this.#unread.subarray(lineFeed + 1);
    this.#current.rawBodyParts.push(line);
    const text = line.toString("latin1", 0, lineFeed - 1);
    if (text.includes("\r")) throw new HttpSyntaxError("a bare CR");
    return text;
  }

  #end(): void {
    const message = this.#current;
    message.isComplete = true;
    this.#message = null;
    this.#state = { kind: "head" };
    this.#options.onEnd?.(message);
  }
}

function splitHead(rawHead: Buffer): string[] {
  const text = rawHead.toString("latin1", 0, rawHead.length - 4);
  const lines = text.split("\r\n");
  for (const line of lines) {
    if (/[\r\n]/.test(line)) throw new HttpSyntaxError(`a bare CR or LF in ${JSON.stringify(line)}`);
  }
  return lines;
}

function readField(line: string): HeaderField {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (!TOKEN.test(name)) throw new HttpSyntaxError(`header line ${JSON.stringify(line)}`);
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  if (!FIELD_VALUE.test(value)) throw new HttpSyntaxError(`header value ${JSON.stringify(line)}`);
  return [name, value];
}
