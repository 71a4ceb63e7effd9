/** Recorded provider traffic (`../shared/wire/*.jsonl`), read a line at a time, and the ways to cut a body into chunks. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "./random.ts";

const FOLDER = join(import.meta.dir, "../../../shared/wire");

export type RecordedMessage = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
};

export type RecordedExchange = {
  readonly id: string;
  readonly api: string;
  readonly provider: string;
  readonly isStream: boolean;
  readonly model: string | null;
  readonly features: readonly string[];
  /** `original`: the chunks are those of the network. */
  readonly boundaries: "original" | "whole";
  readonly request: RecordedMessage | null;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly Buffer[];
  };
};

export type Recording =
  | { readonly kind: "present"; readonly read: () => AsyncGenerator<RecordedExchange> }
  | { readonly kind: "absent"; readonly reason: string };

/** The recorded exchanges of one API, e.g. `openai-chat`; absent, with the reason, where the folder is not there. */
export function openRecording(api: string): Recording {
  const path = join(FOLDER, `${api}.jsonl`);
  if (!existsSync(path)) return { kind: "absent", reason: `recorded traffic is absent: ../shared/wire/${api}.jsonl` };
  return { kind: "present", read: () => readExchanges(path) };
}

async function* readExchanges(path: string): AsyncGenerator<RecordedExchange> {
  let number = 0;
  for await (const line of readLines(path)) {
    number += 1;
    if (line === "") continue;
    try {
      yield decodeExchange(JSON.parse(line) as WireRecord);
    } catch (cause) {
      throw new Error(`${path}:${number}: expected a recorded exchange`, { cause });
    }
  }
}

async function* readLines(path: string): AsyncGenerator<string> {
  // Cut at byte 10 before decoding, so that a character across two reads stays whole.
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of Bun.file(path).stream()) {
    let bytes = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.toString("utf8", 0, end);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
  if (rest.length > 0) yield rest.toString("utf8");
}

type WireBytes = string | { readonly b64: string };

type WireRecord = {
  readonly id: string;
  readonly api: string;
  readonly provider: string;
  readonly stream: boolean;
  readonly model: string | null;
  readonly features?: readonly string[];
  readonly boundaries: "original" | "whole";
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: WireBytes | null;
  } | null;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly WireBytes[];
  };
};

function decodeExchange(record: WireRecord): RecordedExchange {
  return {
    id: record.id,
    api: record.api,
    provider: record.provider,
    isStream: record.stream,
    model: record.model,
    features: record.features ?? [],
    boundaries: record.boundaries,
    request:
      record.request === null
        ? null
        : {
            method: record.request.method,
            path: record.request.path,
            headers: record.request.headers,
            body: record.request.body === null ? null : decodeBytes(record.request.body),
          },
    response: {
      status: record.response.status,
      headers: record.response.headers,
      chunks: record.response.chunks.map(decodeBytes),
    },
  };
}

function decodeBytes(bytes: WireBytes): Buffer {
  return typeof bytes === "string" ? Buffer.from(bytes, "utf8") : Buffer.from(bytes.b64, "base64");
}

/** The six ways a body is cut up before it is relayed. */
export const CHUNKINGS = ["original", "one-byte", "inside-utf8", "coalesced", "16KiB", "random"] as const;
export type Chunking = (typeof CHUNKINGS)[number];

/** The same bytes in other chunks; never an empty one. */
export function rechunk(chunks: readonly Buffer[], how: Chunking, random: Random): Buffer[] {
  const whole = Buffer.concat(chunks);
  if (whole.length === 0) return [];
  switch (how) {
    case "original":
      return chunks.filter((chunk) => chunk.length > 0);
    case "coalesced":
      return [whole];
    case "one-byte":
      return splitEvery(whole, 1);
    case "16KiB":
      return splitEvery(whole, 16 * 1024);
    case "inside-utf8":
      return splitAt(whole, findInnerBoundaries(whole));
    case "random": {
      const cuts: number[] = [];
      // Sizes from 1 byte to 4 KiB, small ones as likely as large ones.
      for (let at = 0; at < whole.length;) {
        at += 1 + random.below(2 ** random.between(0, 12));
        cuts.push(at);
      }
      return splitAt(whole, cuts);
    }
    default:
      return how satisfies never;
  }
}

function splitEvery(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += size) pieces.push(bytes.subarray(offset, offset + size));
  return pieces;
}

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of cuts) {
    if (cut <= from || cut >= bytes.length) continue;
    pieces.push(bytes.subarray(from, cut));
    from = cut;
  }
  pieces.push(bytes.subarray(from));
  return pieces;
}

/** Places inside characters of more than one byte; where there is none, the middle of the body and of each line end. */
function findInnerBoundaries(bytes: Buffer): number[] {
  const inside: number[] = [];
  const lineEnds: number[] = [];
  for (let index = 1; index < bytes.length; index += 1) {
    if (((bytes[index] as number) & 0xc0) === 0x80) inside.push(index);
    else if (bytes[index] === 10 && bytes[index - 1] === 10) lineEnds.push(index);
  }
  if (inside.length > 0) return inside;
  return lineEnds.length > 0 ? lineEnds : [Math.floor(bytes.length / 2)];
}
