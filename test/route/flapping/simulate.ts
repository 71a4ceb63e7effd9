import { loadSnapshot } from "../../../src/config/load.ts";
import type { ModelGroup } from "../../../src/exchange.ts";
import { SimulatedClock } from "../../../src/lib/clock.ts";
import { PROVIDERS } from "../../../src/provider/registry.gen.ts";
import { GatewayClient } from "./gateway-client.ts";
import { NaiveClient } from "./naive-client.ts";
import type { Scenario } from "./providers.ts";
import { drawExponential, makeRandom } from "./random.ts";
import { Tally } from "./tally.ts";

/** What the gateways are configured with; the defaults hold for the rest. */
export const CONFIG = `providers:
  a: { provider: openai-compatible, base_url: https://a.example.com/v1 }
  b: { provider: openai-compatible, base_url: https://b.example.com/v1 }
  c: { provider: openai-compatible, base_url: https://c.example.com/v1 }
defaults: { timeouts: { first_byte: 15s, total: 60s } }
models:
  plain: { deployments: [{ provider: a, model: m }, { provider: b, model: m }, { provider: c, model: m }] }
  quick:
    strategy: lowest-latency
    hedge: { after: p95, max_extra: 5% }
    deployments: [{ provider: a, model: m }, { provider: b, model: m }, { provider: c, model: m }]
  in-order:
    strategy: priority
    deployments:
      - { provider: a, model: m }
      - { provider: b, model: m, priority: 1 }
      - { provider: c, model: m, priority: 2 }
`;

export const REQUESTS_PER_SECOND = 4;
export const SEED = 20_261_120;
const FIRST_BYTE_TIMEOUT_MS = 15_000;
const HOUR_MS = 3_600_000;
const PROVIDER_NAMES = ["a", "b", "c"] as const;

type Client = { request(): void };

/** The clients that are compared. */
export const CLIENTS = [
  { name: "One provider", kind: "naive", retries: 0 },
  { name: "One provider, 3 blind retries", kind: "naive", retries: 3 },
  { name: "LLMux, defaults", kind: "gateway", model: "plain" },
  { name: "LLMux, `priority`", kind: "gateway", model: "in-order" },
  { name: "LLMux, `lowest-latency`, `hedge`", kind: "gateway", model: "quick" },
] as const;

export type Row = { readonly scenario: Scenario; readonly client: string; readonly tally: Tally };

/** Every client through every scenario, for so many hours. */
export async function simulateAll(scenarios: readonly Scenario[], hours: number): Promise<readonly Row[]> {
  const snapshot = await loadSnapshot({
    path: null,
    inline: [{ name: "simulation", text: CONFIG }],
    definitions: PROVIDERS,
    env: {},
    generation: 1,
    now: () => 0,
  });
  return scenarios.flatMap((scenario) =>
    CLIENTS.map((client): Row => {
      const group = client.kind === "gateway" ? (snapshot.models.get(client.model) ?? null) : null;
      const retries = client.kind === "naive" ? client.retries : 0;
      return { scenario, client: client.name, tally: simulate(scenario, hours, { group, retries }) };
    }),
  );
}

/** One client through one scenario. `group`: null for one without a gateway. */
export function simulate(
  scenario: Scenario,
  hours: number,
  { group, retries = 0, seed = SEED }: { group: ModelGroup | null; retries?: number; seed?: number },
): Tally {
  const clock = new SimulatedClock();
  const tally = new Tally();
  const providers = scenario.makeProviders(hours, seed);
  const [first] = providers;
  if (first === undefined) throw new Error("a scenario needs a provider");
  const client: Client =
    group === null
      ? new NaiveClient({ tally, clock, provider: first, retries, firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS })
      : new GatewayClient({
          tally,
          clock,
          group,
          providers: new Map(PROVIDER_NAMES.map((name, index) => [name, providers[index] ?? first])),
          random: makeRandom(seed + 50),
        });
  const arrivals = makeRandom(seed + 10);
  const endMs = hours * HOUR_MS;
  const arrive = (): void => {
    client.request();
    const nextMs = drawExponential(1_000 / REQUESTS_PER_SECOND, arrivals);
    if (clock.nowMs() + nextMs < endMs) clock.schedule(nextMs, arrive);
  };
  clock.schedule(0, arrive);
  // What was asked last is answered or given up within a minute.
  clock.advance(endMs + 120_000);
  if (clock.pending > 0) throw new Error(`expected every timer to have ended, got ${clock.pending}`);
  return tally;
}
