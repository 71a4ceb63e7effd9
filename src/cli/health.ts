import { type Place, requestFrom, UnreachableError } from "./gateway-client.ts";

/** What a probe found: the gateway's own answer, or that none came. */
export type HealthFinding =
  | { readonly kind: "yes" }
  | { readonly kind: "no"; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string };

const MAX_REASON_CHARS = 1000;

/** Asks the places in turn; the first one that answers decides, one where nothing answers passes the question on. */
export async function askHealth(
  question: "live" | "ready",
  places: readonly Place[],
  signal: AbortSignal,
): Promise<HealthFinding> {
  const reasons: string[] = [];
  for (const place of places) {
    try {
      const response = await requestFrom(place, `/health/${question}`, { signal });
      const body = (await response.text()).trim().slice(0, MAX_REASON_CHARS);
      if (response.status === 200) return { kind: "yes" };
      return { kind: "no", reason: `not ${question}: ${response.status} ${body}`.trimEnd() };
    } catch (error) {
      // Nothing there: the next place may know. Out of time: no place is left to ask.
      if (signal.aborted) {
        reasons.push("no answer in time");
        break;
      }
      reasons.push(error instanceof UnreachableError ? error.message : `the answer broke off: ${String(error)}`);
    }
  }
  return { kind: "unreachable", reason: reasons.join("; ") };
}
