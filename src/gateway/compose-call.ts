import type { AuthHeaders } from "../exchange.ts";
import { composeUpstreamRequest } from "../relay/upstream-head.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { CallRequest } from "../wire/upstream-call.ts";
import type { Outgoing, Plan } from "./outgoing.ts";

/** Bodies up to this size leave in one write with their head. */
const JOIN_BYTES = 64 * 1024;

/** The bytes of a provider's request, with one credential's headers. */
export function composeCall(
  head: RequestHead,
  requestId: string,
  { routed: { deployment }, chosen: { surface, endpoint } }: Plan,
  { method, path, body, bodyBytes, translation, upload, isUpgrade }: Outgoing,
  auth: AuthHeaders,
): CallRequest {
  const isTranslated = translation !== null;
  const isJoined = body !== null && body.length <= JOIN_BYTES;
  const bytes = composeUpstreamRequest(
    head,
    {
      provider: deployment.provider,
      surface,
      auth,
      method,
      path,
      requestId,
      bodyBytes,
      wantsIdentity: isTranslated || endpoint.answersJson || endpoint.grammar !== null,
      isTranslated,
      upgrade: isUpgrade ? "websocket" : null,
    },
    isJoined ? body : null,
  );
  return { method, bytes, body: isJoined ? null : body, isStreamed: upload !== null || isUpgrade };
}
