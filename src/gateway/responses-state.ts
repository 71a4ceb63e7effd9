/**
 * Responses that callers come back to: `GET`, `DELETE`, `cancel`, `input_items`, and `previous_response_id`. A provider that keeps
 * them is asked itself, by affinity to the one that made it; for providers that keep none there is a store of our own.
 */
import type { Endpoint } from "../dialect/dialect.ts";
import {
  expandConversation,
  finalResponseOf,
  keepResponse,
  refersToStored,
} from "../dialect/openai-responses/conversation.ts";
import { answerLifecycle, type LifecycleRequest, readLifecycleRequest } from "../dialect/openai-responses/lifecycle.ts";
import { RESPONSES_STREAM } from "../dialect/openai-responses/stream-grammar.ts";
import { GatewayError } from "../errors.ts";
import type { Provider, Snapshot, Surface } from "../exchange.ts";
import { type JsonObject, parseObject } from "../lib/json.ts";
import { upstreamTarget } from "../relay/upstream-head.ts";
import { ResponseHomes } from "../route/response-homes.ts";
import type { ResponseStore } from "../store/response-store.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { NOTHING_SPECIAL, type Outgoing, type Plan } from "./outgoing.ts";

/** The dialect and the endpoint that make responses. */
const DIALECT = "openai-responses";
const CREATE = "responses";

/** What comes after the id's path is the provider's own; a stream may be taken up again. */
const LIFECYCLE: Endpoint = {
  name: "responses.lifecycle",
  dialect: DIALECT,
  operation: null,
  method: "GET",
  path: "/v1/responses/{model}",
  upstreamPath: "/responses",
  modelPlace: "path",
  defaultModel: null,
  grammar: RESPONSES_STREAM,
  isStreamPath: null,
  answersJson: true,
  hasStreamOptions: false,
};

/** What becomes of a request for a stored response. */
export type LifecycleAnswer =
  | { readonly kind: "local"; readonly json: string }
  | { readonly kind: "pass"; readonly plan: Plan; readonly outgoing: Outgoing };

export class ResponsesState {
  readonly homes = new ResponseHomes();
  readonly #store: ResponseStore;
  readonly #onFault: (error: unknown) => void;

  /** `onFault` hears of a store that is broken: requests that need no stored response go on without it. */
  constructor(store: ResponseStore, onFault: (error: unknown) => void) {
    this.#store = store;
    this.#onFault = onFault;
  }

  close(): void {
    this.#store.close();
  }

  /** Whether a request is for a stored response. Throws GatewayError `method_not_allowed`. */
  recognise({ method, path }: RequestHead): LifecycleRequest | null {
    return readLifecycleRequest(method, path);
  }

  /** Where the answer comes from. Throws GatewayError `not_found`, or `invalid_request`, in the API's words. */
  answer(request: LifecycleRequest, head: RequestHead, snapshot: Snapshot, caller: string): LifecycleAnswer {
    const query = new URLSearchParams(head.query);
    const home = this.#homeOf(request.id, snapshot, caller);
    if (home === null)
      return { kind: "local", json: JSON.stringify(answerLifecycle(request, query, caller, this.#store)) };
    const { provider, surface } = home;
    const base = surface.paths?.[CREATE] || LIFECYCLE.upstreamPath;
    const path = base + head.path.slice("/v1/responses".length);
    const deployment = snapshot.implicitGroups.get(`${provider.name}/*`)?.deployments[0];
    if (deployment === undefined) throw new GatewayError("internal", "A provider has no group of its own.");
    return {
      kind: "pass",
      plan: {
        routed: { deployment, upstreamModel: "" },
        chosen: { surface, endpoint: LIFECYCLE, path, isTranslated: false },
      },
      outgoing: {
        ...NOTHING_SPECIAL,
        method: head.method,
        path: upstreamTarget(provider, surface, path, head.query),
        body: null,
        bodyBytes: 0,
        isStreamRequested: query.get("stream") === "true",
      },
    };
  }

  /** The provider that keeps the response a request goes on from; null where it is not known or kept here. */
  providerOfPrevious(previousId: string | null): string | null {
    return previousId === null ? null : this.homes.find(previousId);
  }

  /** A request's body with the conversation it goes on from. Throws GatewayError for what is not stored (any more). */
  expand(body: JsonObject, caller: string): JsonObject {
    return refersToStored(body) ? expandConversation(body, caller, this.#store) : body;
  }

  /** Whether a response is kept here. */
  keeps(id: string, caller: string): boolean {
    return this.#store.get(id, caller) !== null;
  }

  /** Keeps what a translated request was answered with: the text of the whole answer, or of its stream from the last event on. */
  keep(
    request: Buffer,
    answered: string,
    where: { caller: string; group: string; provider: string; nowMs: number },
  ): void {
    try {
      const response = parseObject(answered) ?? finalResponseOf(answered);
      const body = parseObject(request.toString("utf8"));
      const kept = response === null || body === null ? null : keepResponse({ response, body, ...where });
      if (kept !== null) this.#store.put(kept);
    } catch (error) {
      // The answer itself is through: only coming back to it will fail, and say so.
      this.#onFault(error);
    }
  }

  #homeOf(id: string, snapshot: Snapshot, caller: string): { provider: Provider; surface: Surface } | null {
    if (this.keeps(id, caller)) return null;
    const known = this.homes.find(id);
    if (known !== null) {
      const provider = snapshot.providers.get(known);
      const surface = provider === undefined ? null : surfaceOf(provider);
      if (provider !== undefined && surface !== null) return { provider, surface };
    }
    // After a restart nothing is remembered; where one provider alone keeps responses, it must be its.
    const keeping = [...snapshot.providers.values()].flatMap((provider) => {
      const surface = surfaceOf(provider);
      return surface === null ? [] : [{ provider, surface }];
    });
    return keeping.length === 1 ? (keeping[0] ?? null) : null;
  }
}

function surfaceOf(provider: Provider): Surface | null {
  return (
    provider.surfaces.find(
      ({ dialect, paths }) => dialect === DIALECT && (paths === null || paths[CREATE] !== undefined),
    ) ?? null
  );
}

/** Whether an endpoint's answers are responses that callers may come back to. */
export function makesResponses({ name }: Endpoint): boolean {
  return name === CREATE;
}
