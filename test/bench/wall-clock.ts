/** Wall-clock time in ms with a fraction of a microsecond: comparable between processes, unlike Bun's own hrtime. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
