import type { CallerStream } from "../wire/caller-stream.ts";
import { reasonOf } from "./answer-head.ts";

/** Answers with a JSON text of our own; `onTaken` is called when the caller's socket has taken all of it. */
export function answerJson(
  caller: CallerStream,
  status: number,
  json: string,
  headers: readonly (readonly [name: string, value: string])[],
  onTaken: () => void,
): void {
  let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\ncontent-type: application/json\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  head += `content-length: ${Buffer.byteLength(json)}\r\n${caller.connectionHeader()}\r\n`;
  const isHead = caller.head.method === "HEAD";
  caller.sendHead(Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(isHead ? "" : json)]), true);
  caller.finish(onTaken);
}

/** Answers without a body. */
export function answerEmpty(caller: CallerStream, status: 204, ownLines: string, onTaken: () => void): void {
  const head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${ownLines}${caller.connectionHeader()}\r\n`;
  caller.sendHead(Buffer.from(head, "latin1"), true);
  caller.finish(onTaken);
}
