import { usageOf } from "../../src/lib/usage.ts";
import type { ExchangeRecord } from "../../src/exchange.ts";

/** A plausible finished exchange, with what a test wants different. */
export function sampleExchange(fields: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId: "req-1",
    caller: "shop",
    endpoint: "chat.completions",
    group: "gpt-4o",
    provider: "openai",
    status: 200,
    isStream: true,
    attempts: 1,
    startedAtMs: Date.UTC(2026, 10, 20, 12, 0, 0),
    totalMs: 1500,
    firstByteMs: 300,
    overheadMs: 0.3,
    abortMs: null,
    bytesIn: 100,
    bytesOut: 2000,
    usage: usageOf({ inputTokens: 10, outputTokens: 20, cachedTokens: null, reasoningTokens: null }),
    usageSource: "provider",
    outcome: { kind: "finished" },
    upstreamErrorType: null,
    ...fields,
  };
}
