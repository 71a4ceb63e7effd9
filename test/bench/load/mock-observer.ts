/** Listens to the mock's control port: when requests arrived there and when their connections closed, on our clock. */
import { wallClockMs } from "../wall-clock.ts";

export type MockObserver = {
  /** The mock's clock minus ours. */
  readonly offsetMs: number;
  arrivedMs(id: string): number | undefined;
  closedMs(id: string): number | undefined;
  close(): void;
};

const PINGS = 20;

export async function openObserver(controlPort: number): Promise<MockObserver> {
  const arrived = new Map<string, number>();
  const closed = new Map<string, number>();
  let rest = "";
  let onPong: ((theirMs: number) => void) | null = null;
  /** Their clock minus ours. */
  let offsetMs = 0;

  function readLine(line: string): void {
    const [word, id = "", timeMs = ""] = line.split(" ");
    if (word === "arrived") arrived.set(id, Number(timeMs) - offsetMs);
    else if (word === "closed") closed.set(id, Number(timeMs) - offsetMs);
    else if (word === "pong") onPong?.(Number(timeMs));
  }

  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: controlPort,
    socket: {
      open(opened) {
        opened.setNoDelay(true);
      },
      data(_socket, data) {
        const lines = (rest + data.toString("latin1")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) readLine(line);
      },
    },
  });

  // The ping with the shortest way there and back says best how far the clocks are apart (as NTP does it).
  let shortestMs = Number.POSITIVE_INFINITY;
  let best = 0;
  for (let ping = 0; ping < PINGS; ping += 1) {
    const sentMs = wallClockMs();
    const theirMs = await new Promise<number>((resolve) => {
      onPong = resolve;
      socket.write(`ping ${ping}\n`);
    });
    const receivedMs = wallClockMs();
    if (receivedMs - sentMs < shortestMs) {
      shortestMs = receivedMs - sentMs;
      best = theirMs - (sentMs + receivedMs) / 2;
    }
  }
  offsetMs = best;

  return {
    offsetMs,
    arrivedMs: (id) => arrived.get(id),
    closedMs: (id) => closed.get(id),
    close: () => {
      socket.end();
    },
  };
}
