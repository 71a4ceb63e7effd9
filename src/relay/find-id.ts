/** A response's id stands among its first members; what is searched of its first bytes. */
const SEARCHED_BYTES = 4_096;
const ID = /"id"\s*:\s*"([^"\\]{1,256})"/;

/** The id in the first bytes of an answer or of its first event; null where there is none. */
export function findId(bytes: Buffer, start: number, end: number): string | null {
  return ID.exec(bytes.toString("latin1", start, Math.min(end, start + SEARCHED_BYTES)))?.[1] ?? null;
}
