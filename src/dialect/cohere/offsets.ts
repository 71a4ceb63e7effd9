/**
 * Cohere counts a citation's place in Unicode code points (recorded: "20°C" is one longer in UTF-8, and its offsets are not);
 * the neutral form counts UTF-16 units. The two differ by one for each character outside the basic plane, such as an emoji.
 */
export class OffsetMap {
  /** Code point index of every such character seen so far, in order. */
  readonly #astral: number[] = [];
  #units = 0;

  /** What has been pushed so far, in UTF-16 units. */
  get length(): number {
    return this.#units;
  }

  /** The text as it comes, in any cut. */
  push(text: string): void {
    const { length } = text;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      // The first half of a pair; the bound keeps a text of nothing but emoji from growing the list without end.
      if (code >= 0xd800 && code <= 0xdbff && this.#astral.length < MAX_ASTRAL) {
        this.#astral.push(this.#units + at - this.#astral.length);
      }
    }
    this.#units += length;
  }

  toUnits(codePoints: number): number {
    return codePoints + countBelow(this.#astral, codePoints, 0);
  }

  toCodePoints(units: number): number {
    return units - countBelow(this.#astral, units, 1);
  }
}

const MAX_ASTRAL = 4096;

/** How many of the characters stand before an offset; the n-th stands `n * step` further on in the offset's own unit. */
function countBelow(astral: readonly number[], offset: number, step: number): number {
  let count = 0;
  while (count < astral.length && (astral[count] as number) + count * step < offset) count++;
  return count;
}
