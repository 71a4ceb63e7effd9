/** Below the range that Linux gives to outgoing connections (32768 and up), which the bench makes by the thousand. */
const FIRST = 15_000;
const LAST = 31_999;

let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** A TCP port that was free a moment ago; for programs that cannot take port 0 and say which they got. */
export function findFreePort(): number {
  for (let tried = FIRST; tried <= LAST; tried += 1) {
    next = next === LAST ? FIRST : next + 1;
    if (isFree(next)) return next;
  }
  throw new Error(`expected a free TCP port between ${FIRST} and ${LAST}, found none`);
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    // Somebody listens there.
    return false;
  }
}
