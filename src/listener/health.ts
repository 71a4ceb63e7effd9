/** What probes are told, the same on the ops and on the data listeners. Pure: who listens sends it. */

export type HealthAnswer = { readonly status: 200 | 503; readonly body: string };

/** What readiness hangs on. Never on providers: a provider's outage must not take the gateway out of service. */
export type Condition = {
  readonly hasConfig: boolean;
  readonly areListenersUp: boolean;
  readonly isDraining: boolean;
};

/** Why no new request should be sent here, as sentences for the reader of a probe's event; empty when ready. */
export function findUnreadiness(condition: Condition): readonly string[] {
  const reasons: string[] = [];
  if (!condition.hasConfig) reasons.push("no valid config is loaded");
  if (!condition.areListenersUp) reasons.push("the listeners are not up");
  if (condition.isDraining) reasons.push("draining: the process was told to end");
  return reasons;
}

/**
 * The answer for a probe's path, or null for any other. Live: the process answers, nothing else is asked, because a
 * restart mends nothing else. Ready: 503 with the reasons while there are any.
 */
export function answerHealth(path: string, unreadiness: () => readonly string[]): HealthAnswer | null {
  if (path === "/health/live") return { status: 200, body: '{"status":"ok"}' };
  if (path !== "/health/ready") return null;
  const reasons = unreadiness();
  const isReady = reasons.length === 0;
  return { status: isReady ? 200 : 503, body: JSON.stringify({ ready: isReady, reasons }) };
}
