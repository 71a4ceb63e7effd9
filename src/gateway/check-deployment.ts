import type { Deployment } from "../exchange.ts";
import { credentialScope, staticHeaders } from "./credentials.ts";
import { composeHealthCheck, type HealthResult, runHealthCheck } from "./health-checks.ts";
import type { Upstreams } from "./upstreams.ts";

let checkCount = 0;

/** Asks one deployment whether it works, with the next of its credentials; what comes of it is nobody's answer and counts in no rate. */
export async function checkDeployment(
  upstreams: Upstreams,
  deployment: Deployment,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<HealthResult> {
  const request = composeHealthCheck(deployment);
  if (request === null) return "unknown";
  const { provider } = deployment;
  const chosen = upstreams.credentials.choose(provider, credentialScope(deployment), null);
  const credential = chosen?.credential ?? null;
  const auth =
    credential === null || credential.kind === "header"
      ? staticHeaders(credential)
      : await credential.authorizer.authorize({ ...request, hostHeader: provider.origin.hostHeader });
  const pool = upstreams.poolOf(provider, "answer");
  const requestId = `health_${(checkCount++).toString(16)}`;
  const run = { deployment, request, auth, requestId, pool, wheel: upstreams.wheel, timeoutMs, signal };
  const result = await runHealthCheck(run);
  // The one try of a refused credential may have been this.
  if (result === "healthy" && chosen !== null) upstreams.credentials.noteSuccess(chosen);
  return result;
}
