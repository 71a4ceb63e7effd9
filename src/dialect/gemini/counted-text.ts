/** Bytes between two places that are counted once and for all. */
const STEP_BYTES = 4_096;

/** A text whose places are told in bytes of UTF-8, as Google tells them; encoded once, however many places are asked for. */
export class CountedText {
  readonly text: string;
  #encoded: Buffer | null = null;
  /** UTF-16 units before every 4,096th byte, or the character that it is a part of. */
  #units: number[] | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** UTF-16 units that the first bytes make; null beyond the end. */
  unitsOf(bytes: number): number | null {
    const encoded = (this.#encoded ??= Buffer.from(this.text, "utf8"));
    if (bytes > encoded.length) return null;
    // Fewer units than bytes, so a text without any other than ASCII is the common and the quick case.
    if (encoded.length === this.text.length) return bytes;
    const units = (this.#units ??= countSteps(encoded));
    const step = Math.floor(bytes / STEP_BYTES);
    const start = startOf(encoded, step * STEP_BYTES);
    return (units[step] ?? 0) + encoded.toString("utf8", start, Math.max(start, bytes)).length;
  }
}

function countSteps(encoded: Buffer): number[] {
  const units: number[] = [];
  let total = 0;
  for (let at = 0; at <= encoded.length; at += STEP_BYTES) {
    units.push(total);
    total += encoded.toString("utf8", startOf(encoded, at), startOf(encoded, at + STEP_BYTES)).length;
  }
  return units;
}

/** Where the character begins that a byte is a part of: bytes that continue one are 10xxxxxx. */
function startOf(encoded: Buffer, at: number): number {
  let start = Math.min(at, encoded.length);
  while (start > 0 && start < encoded.length && ((encoded[start] as number) & 0xc0) === 0x80) start -= 1;
  return start;
}
