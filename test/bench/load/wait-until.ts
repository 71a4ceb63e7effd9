/** Polls a condition until it holds (true) or the deadline has passed (false). */
export async function waitUntil(deadlineMs: number, isMet: () => boolean): Promise<boolean> {
  const endMs = performance.now() + deadlineMs;
  while (!isMet()) {
    if (performance.now() >= endMs) return false;
    await Bun.sleep(2);
  }
  return true;
}
