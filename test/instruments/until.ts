/** How long tests wait for something that must happen; generous, because only failures ever wait this long. */
export const DEADLINE_MS = 10_000;

/** Waits for a condition by polling it; throws with the condition's name once the deadline has passed. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs: number = DEADLINE_MS,
): Promise<NonNullable<T>> {
  const startedMs = performance.now();
  let pauseMs = 0;
  while (true) {
    const result = await condition();
    if (result !== false && result !== null && result !== undefined) return result;
    if (performance.now() - startedMs > deadlineMs) {
      throw new Error(`expected within ${deadlineMs} ms: ${what}`);
    }
    await (pauseMs === 0 ? nextTurn() : Bun.sleep(pauseMs));
    pauseMs = Math.min(20, pauseMs + 1);
  }
}

/** Waits for a promise; throws with its name once the deadline has passed. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs: number = DEADLINE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected within ${deadlineMs} ms: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets the event loop turn once, so that the other side of a loopback connection can read what was written. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A promise with its settling functions, for scripts that wait on the test. */
export function makeGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
