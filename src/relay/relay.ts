import type { GatewayError, UpstreamErrorType } from "../errors.ts";
import type { Usage } from "../exchange.ts";
import type { CallListener, UpstreamCall } from "../wire/upstream-call.ts";

/** What moves an answer: passing it, translating it, or an upgraded connection. */
export interface Relay extends CallListener {
  /** The status for the caller; 0 until there is one. */
  readonly status: number;
  readonly isStream: boolean;
  /** The last usage the provider told. */
  readonly usage: Usage | null;
  attach(call: UpstreamCall): void;
  /** What an answer that went through tells of its provider: an error in the place of an answer. */
  faultOfProvider(): UpstreamErrorType | null;
  cut(error: GatewayError): void;
}
