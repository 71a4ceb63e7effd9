/** The corpus' figures as text: for the terminal, for the owner of a dialect, for the docs. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Miss, Tally } from "./tally.ts";

/** The worst misses, a line each. */
export function describeMisses(tally: Tally, matches: (miss: Miss) => boolean, limit = 20): string[] {
  return tally.misses
    .filter(matches)
    .slice(0, limit)
    .map(({ subject, kind, from, to, reason, count, examples }) => {
      const pair = from === to ? from : `${from} → ${to}`;
      return `${count} × ${subject} ${kind} ${pair}: ${reason} (${examples[0] ?? ""})`;
    });
}

/** Every miss of a dialect with the ids of its records, for who mends it. */
export function listMisses(tally: Tally, dialect: DialectId): string {
  const lines: string[] = [];
  for (const miss of tally.misses) {
    if (miss.from !== dialect && miss.to !== dialect) continue;
    const pair = miss.from === miss.to ? miss.from : `${miss.from} → ${miss.to}`;
    lines.push(`${miss.count} × ${miss.subject} ${miss.kind} ${pair}: ${miss.reason}`);
    for (const example of miss.examples) lines.push(`      ${example}`);
  }
  return `${lines.join("\n")}\n`;
}
