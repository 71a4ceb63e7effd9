import type { ResponseHead } from "../wire/response-head.ts";
import { reasonOf } from "./answer-head.ts";

/** Names under which providers tell their own request id. */
const PROVIDER_IDS = ["x-request-id", "request-id", "x-amzn-requestid"] as const;

export type TranslatedHead = {
  readonly status: number;
  readonly requestId: string;
  /** Fields of the request that were left out. */
  readonly dropped: readonly string[];
  /** The provider's head; of it only the request's id there is passed on. */
  readonly provider: ResponseHead | null;
  /** Complete lines of the gateway's own, about the exchange. */
  readonly ownLines: string;
  /** Complete lines that describe body and connection. */
  readonly own: string;
};

/** The head of a translated answer: all of it is ours, since the provider's fields describe another body. */
export function composeTranslatedHead({ status, requestId, dropped, provider, ownLines, own }: TranslatedHead): string {
  let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\nx-request-id: ${requestId}\r\n`;
  if (provider !== null) {
    const name = PROVIDER_IDS.find((candidate) => provider.headers.get(candidate) !== null);
    if (name !== undefined) head += `x-upstream-request-id: ${provider.headers.get(name)}\r\n`;
  }
  if (dropped.length > 0) head += `x-llmux-dropped: ${dropped.join(", ")}\r\n`;
  return `${head}${ownLines}${own}\r\n`;
}
