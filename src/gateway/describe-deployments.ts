import type { Snapshot } from "../exchange.ts";
import type { Upstreams } from "./upstreams.ts";

/** A page of status is read by people: of a larger config only what is not well is shown. */
const MAX_SHOWN = 200;

/** How each deployment that was asked so far stands, for `/status`: nothing of a secret, and bounded. */
export function describeDeployments(upstreams: Upstreams, snapshot: Snapshot): Record<string, unknown> {
  const nowMs = upstreams.clock();
  const shown: Record<string, unknown> = {};
  let count = 0;
  for (const live of upstreams.live.all()) {
    const { id } = live.deployment;
    const state = live.breaker.state(nowMs);
    const cooledMs = live.coolDown.untilMs(nowMs);
    const isWell = state.kind === "closed" && cooledMs === null && live.unhealthyUntilMs <= nowMs;
    if (count >= MAX_SHOWN && isWell) continue;
    if (++count > MAX_SHOWN * 2) break;
    shown[id] = {
      breaker: state.kind,
      ...(state.kind === "open" ? { open_for_ms: Math.ceil(state.untilMs - nowMs) } : {}),
      ...(cooledMs === null ? {} : { cooling_for_ms: Math.ceil(cooledMs - nowMs) }),
      ...(live.unhealthyUntilMs > nowMs ? { health_check: "failed" } : {}),
      in_flight: live.inFlight,
      first_byte_ms: rounded(live.firstByteMs),
      tokens_per_second: rounded(live.tokensPerSecond),
      over_budget: live.isOverBudget(upstreams.wallClock()),
    };
  }
  const credentials: Record<string, unknown> = {};
  for (const provider of snapshot.providers.values()) {
    const { ready, cooling, refused } = upstreams.credentials.describe(provider);
    if (cooling + refused > 0) credentials[provider.name] = { ready, cooling, refused };
  }
  return { deployments: shown, ...(Object.keys(credentials).length === 0 ? {} : { credentials }) };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
