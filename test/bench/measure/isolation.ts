import { RawClient, writePost } from "../../instruments/raw-client.ts";
import { until } from "../../instruments/until.ts";
import type { Bench } from "../bench.ts";
import { runValidJob } from "../bench.ts";
import { jobBase, mockProvider, OWN_LANE, withOwnGateway } from "./own-gateway.ts";

const HANGING = 1000;
/** Far below what the machine can do: what is looked at is waiting, and not a core that is full. */
const RATE_PER_SECOND = 300;
const CONNECTIONS = 32;
const WARMUP_MS = 500;

/** Latency at one provider, while another hangs with a thousand requests and while it does not, in turn. */
export async function measureIsolation(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  const at = (provider: string) => ({ deployments: [{ provider, model: "bench" }] });
  const sections = {
    providers: { well: mockProvider(bench), hanging: mockProvider(bench) },
    models: { bench: at("well"), "bench-hanging": at("hanging") },
  };
  await withOwnGateway(sections, async (gateway) => {
    const base = jobBase(bench, gateway);
    const measureP99 = async (): Promise<number | null> => {
      const result = await runValidJob(bench, "isolation", OWN_LANE, {
        ...base,
        kind: "offered",
        ratePerSecond: RATE_PER_SECOND,
        connections: CONNECTIONS,
        scenario: { kind: "plain" },
        warmupMs: WARMUP_MS,
        windowMs: plan.windowMs,
      });
      return result?.goodP99Ms ?? null;
    };
    const measureBesideHanging = async (): Promise<number | null> => {
      const callers = await hang(gateway.httpPort);
      try {
        await until(`${HANGING} requests in flight`, async () => (await inFlightAt(gateway.opsPort)) === HANGING);
        return await measureP99();
      } finally {
        for (const caller of callers) caller.abort();
        await until("nothing in flight", async () => (await inFlightAt(gateway.opsPort)) === 0);
      }
    };
    for (let round = 0; round < plan.isolationRounds; round += 1) {
      if (!bench.hasTime()) return bench.note("isolation: out of time before the end");
      // Every other round the other way round: what drifts meets both alike.
      const isHangingFirst = round % 2 === 1;
      const first = await (isHangingFirst ? measureBesideHanging() : measureP99());
      const second = await (isHangingFirst ? measureP99() : measureBesideHanging());
      const [beside, alone] = isHangingFirst ? [first, second] : [second, first];
      if (beside === null || alone === null) continue;
      const place = { lane: OWN_LANE, round };
      book.add("p99 alone", "ms", place, alone);
      book.add(`p99 beside ${HANGING} hanging`, "ms", place, beside);
      book.add(`p99 beside ${HANGING} hanging ÷ alone`, "×", place, beside / alone);
    }
  });
}

async function hang(port: number): Promise<RawClient[]> {
  const body = { model: "bench-hanging", user: "hang-isolation", messages: [{ role: "user", content: "Hello." }] };
  const request = writePost("/v1/chat/completions", JSON.stringify(body));
  const callers: RawClient[] = [];
  for (let count = 0; count < HANGING; count += 1) {
    const caller = await RawClient.connect({ kind: "tcp", port });
    await caller.send(request);
    callers.push(caller);
  }
  return callers;
}

async function inFlightAt(opsPort: number): Promise<number> {
  const status = (await (await fetch(`http://127.0.0.1:${opsPort}/status`)).json()) as {
    readonly providers: Readonly<Record<string, { readonly in_flight: number }>>;
  };
  return status.providers["hanging"]?.in_flight ?? Number.NaN;
}
