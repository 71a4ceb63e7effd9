/** What the gateway's own parsers make of the first message of some bytes, given whole or in pieces. */
import { ChunkedDecoder } from "../../src/wire/chunked.ts";
import type { HeaderList } from "../../src/lib/header-list.ts";
import { parseRequestHead, type BodyFraming } from "../../src/wire/request-head.ts";
import { parseResponseHead } from "../../src/wire/response-head.ts";
import type { Reading } from "./fuzz-reading.ts";

const LIMITS = { maxHeadBytes: 16 * 1024, maxHeaders: 100 };

export type FuzzSide = "request" | "response";

/** Reads the pieces as a connection would deliver them, followed by a FIN. `method` is that of the request answered. */
export function readWithOurParser(side: FuzzSide, method: string, pieces: readonly Buffer[]): Reading {
  let unread: Buffer = Buffer.alloc(0);
  for (const [index, piece] of pieces.entries()) {
    unread = unread.length === 0 ? piece : Buffer.concat([unread, piece]);
    const parsed = parseHead(side, method, unread);
    if (parsed.kind === "invalid") return { kind: "refused", why: parsed.message };
    if (parsed.kind === "head") {
      const rest = [unread.subarray(parsed.length), ...pieces.slice(index + 1)];
      return readBody(parsed, rest);
    }
  }
  return { kind: "incomplete" };
}

type ParsedHead =
  | {
      readonly kind: "head";
      readonly start: readonly [string, string];
      readonly headers: HeaderList;
      readonly framing: BodyFraming;
      readonly length: number;
    }
  | { readonly kind: "invalid"; readonly message: string }
  | { readonly kind: "incomplete" };

function parseHead(side: FuzzSide, method: string, bytes: Buffer): ParsedHead {
  if (side === "request") {
    const parsed = parseRequestHead(bytes, LIMITS);
    if (parsed.kind !== "head") return parsed;
    const { head } = parsed;
    return { ...parsed, start: [head.method, head.target], headers: head.headers, framing: head.framing };
  }
  const parsed = parseResponseHead(bytes, LIMITS, method);
  if (parsed.kind !== "head") return parsed;
  const { head } = parsed;
  return { ...parsed, start: [String(head.status), ""], headers: head.headers, framing: head.framing };
}

function readBody(head: Extract<ParsedHead, { kind: "head" }>, pieces: readonly Buffer[]): Reading {
  const { framing } = head;
  const message = (body: Buffer, isComplete: boolean): Reading => ({
    kind: "message",
    start: head.start,
    headers: [...head.headers],
    body: body.toString("hex"),
    isComplete,
  });
  const whole = Buffer.concat(pieces);
  switch (framing.kind) {
    case "none":
      return message(Buffer.alloc(0), true);
    case "length":
      return message(whole.subarray(0, framing.bytes), whole.length >= framing.bytes);
    case "until-close":
      return message(whole, true);
    case "chunked": {
      const decoder = new ChunkedDecoder();
      const payload: Buffer[] = [];
      for (const piece of pieces) {
        if (piece.length === 0) continue;
        const end = decoder.decode(piece, 0);
        for (let index = 0; index < decoder.count; index += 1) {
          payload.push(piece.subarray(decoder.starts[index], decoder.ends[index]));
        }
        if (decoder.error !== null) return { kind: "refused", why: decoder.error };
        if (decoder.isDone) return message(Buffer.concat(payload), true);
        if (end !== piece.length) throw new Error(`expected all ${piece.length} bytes to be used, got ${end}`);
      }
      return message(Buffer.concat(payload), false);
    }
    default:
      return framing satisfies never;
  }
}
