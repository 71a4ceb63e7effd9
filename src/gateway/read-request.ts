/** Reading: a caller's request as far as its model's name, and what goes to a provider once one is chosen. */
import { DIALECTS } from "../dialect/dialects.ts";
import type { Dialect } from "../dialect/dialect.ts";
import { patchJsonRequest, patchMembers, readJsonRequest } from "../dialect/json-request.ts";
import { MultipartModelFinder, readBoundary } from "../dialect/multipart-request.ts";
import { fillModel, type Recognised } from "../dialect/recognise.ts";
import { isConversation } from "../dialect/resume-text.ts";
import { parseBody, translateRequest } from "../dialect/translate.ts";
import { GatewayError } from "../errors.ts";
import type { Snapshot, Surface } from "../exchange.ts";
import { quirksOf } from "../provider/quirks-of.ts";
import { MultipartUpload } from "../relay/multipart-upload.ts";
import { upstreamTarget } from "../relay/upstream-head.ts";
import { NOTHING_SPECIAL, type Outgoing, type Plan } from "./outgoing.ts";
import { makesResponses, type ResponsesState } from "./responses-state.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { RequestHead } from "../wire/request-head.ts";

/** What a request is prepared with beside its plan. */
export type Preparing = {
  readonly requestId: string;
  readonly caller: string;
  readonly nowMs: number;
  readonly responses: ResponsesState;
  /** Written anew even for a provider of the caller's own dialect: its stream may have to be continued by another. */
  readonly isResumable: boolean;
  /** The text a stream broke off with, which is to be continued; null for a request from its beginning. */
  readonly continues: string | null;
};

/** A request, read as far as its model's name. */
export type ReadRequest = {
  readonly model: string;
  readonly isStream: boolean;
  /** The body where it was read whole; null for uploads and upgrades. */
  readonly body: Buffer | null;
  /** The stored response it goes on from; null where it names none. */
  readonly previousId: string | null;
  prepare(plan: Plan, exchange: Preparing): Outgoing;
};

export function dialectOf(id: string): Dialect {
  const dialect = DIALECTS.get(id);
  if (dialect === undefined) throw new GatewayError("internal", "A provider speaks a dialect that is not there.");
  return dialect;
}

/** A JSON body: it passes with its model's name patched, or is translated. */
export function readJson(caller: CallerStream, body: Buffer, recognised: Recognised, snapshot: Snapshot): ReadRequest {
  const { endpoint } = recognised;
  const json = readJsonRequest(body, endpoint.defaultModel, recognised.model);
  const isStream = endpoint.isStreamPath ?? json.stream ?? endpoint.streamsByDefault ?? false;
  return {
    model: json.model,
    isStream,
    body,
    previousId: json.previousId,
    prepare: ({ routed: { deployment, upstreamModel }, chosen }, preparing) => {
      const { requestId, caller: name, nowMs, responses, isResumable, continues } = preparing;
      const { surface } = chosen;
      const { provider } = deployment;
      const { query } = caller.head;
      const filled = fillModel(chosen.path, upstreamModel);
      const from = dialectOf(endpoint.dialect);
      const isResponse = makesResponses(endpoint);
      const isRewritten = chosen.isTranslated || (isResumable && isStream && isConversation(endpoint));
      if (isRewritten && endpoint.operation !== null) {
        const {
          body: written,
          dropped,
          answer,
        } = translateRequest({
          from,
          to: dialectOf(surface.dialect),
          operation: endpoint.operation,
          body: isResponse ? responses.expand(parseBody(body), name) : parseBody(body),
          context: {
            endpoint,
            model: json.model,
            isStream,
            query: new URLSearchParams(query),
            userAgent: caller.head.headers.get("user-agent"),
          },
          model: upstreamModel,
          quirks: quirksOf(surface, upstreamModel),
          dropParams: snapshot.dropParams,
          ...(continues === null ? {} : { continues }),
          requestId,
          createdAt: Math.floor(nowMs / 1000),
          startedAtMs: nowMs,
        });
        const bytes = patchMembers(Buffer.from(JSON.stringify(written)), membersOf(surface, upstreamModel));
        return {
          ...NOTHING_SPECIAL,
          method: chosen.endpoint.method,
          path: upstreamTarget(provider, surface, filled, ""),
          body: bytes,
          bodyBytes: bytes.length,
          isStreamRequested: isStream,
          translation: answer,
          dropped,
          toKeep: isResponse ? body : null,
        };
      }
      const asksForUsage =
        snapshot.streamUsage &&
        endpoint.hasStreamOptions &&
        isStream &&
        !json.hasStreamOptions &&
        !surface.quirks.refuses.includes("streamUsage");
      const named = endpoint.modelPlace === "json" ? upstreamModel : null;
      // A conversation that is kept here goes on at a provider that has never seen it: it is told in full.
      const isKeptHere = isResponse && json.previousId !== null && responses.keeps(json.previousId, name);
      const whole = isKeptHere
        ? readJsonRequest(Buffer.from(JSON.stringify(responses.expand(parseBody(body), name))), null, null)
        : json;
      const patched = patchMembers(patchJsonRequest(whole, named, asksForUsage), membersOf(surface, upstreamModel));
      // The path's own query is what we would ask for; here it is the caller who asks.
      const [path = filled] = filled.split("?");
      return {
        ...NOTHING_SPECIAL,
        method: endpoint.method,
        path: upstreamTarget(provider, surface, path, query),
        body: patched,
        bodyBytes: patched.length,
        isStreamRequested: isStream,
        choices: json.choices,
        withholdsUsage: asksForUsage,
      };
    },
  };
}

/** The members a surface puts into bodies, the model's name filled in. */
export function membersOf({ body }: Surface, model: string): Surface["body"] {
  let filled: Record<string, string | number | boolean | null> | null = null;
  for (const key in body) if (body[key] === "{model}") (filled ??= { ...body })[key] = model;
  return filled ?? body;
}

/** A multipart body: it streams through, with its model's name replaced in passing. */
export async function readMultipart(
  caller: CallerStream,
  { endpoint }: Recognised,
  snapshot: Snapshot,
): Promise<ReadRequest> {
  const boundary = readBoundary(caller.head.headers.get("content-type"));
  if (boundary === null) {
    throw new GatewayError("invalid_request", "Expected a multipart/form-data body with a boundary.", { status: 415 });
  }
  const upload = new MultipartUpload(caller, new MultipartModelFinder(boundary), snapshot.limits.maxBodyBytes);
  const named = await upload.findModel();
  return {
    model: named ?? requireModel(endpoint.defaultModel),
    isStream: false,
    body: null,
    previousId: null,
    prepare: ({ routed: { deployment, upstreamModel }, chosen }) => ({
      ...NOTHING_SPECIAL,
      method: "POST",
      path: upstreamTarget(
        deployment.provider,
        chosen.surface,
        fillModel(chosen.path, upstreamModel),
        caller.head.query,
      ),
      body: null,
      bodyBytes: upload.lengthWith(upstreamModel),
      upload,
    }),
  };
}

/** Realtime: the model stands in the query, and after the provider's 101 both directions are plain bytes. */
export function readUpgrade(caller: CallerStream): ReadRequest {
  if (caller.head.upgrade !== "websocket") {
    throw new GatewayError("invalid_request", "Expected a WebSocket upgrade.", { status: 426 });
  }
  const query = new URLSearchParams(caller.head.query);
  return {
    model: requireModel(query.get("model")),
    isStream: false,
    body: null,
    previousId: null,
    prepare: ({ routed: { deployment, upstreamModel }, chosen }) => {
      query.set("model", upstreamModel);
      return {
        ...NOTHING_SPECIAL,
        method: "GET",
        path: upstreamTarget(deployment.provider, chosen.surface, chosen.path, `?${query}`),
        body: null,
        bodyBytes: 0,
        isUpgrade: true,
      };
    },
  };
}

/** A body whose encoding hides what must be read. Throws GatewayError `invalid_request` (415). */
export function refuseEncodedBody(head: RequestHead): void {
  const encoding = head.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return;
  throw new GatewayError("invalid_request", `Expected a body without content-encoding, got ${encoding.slice(0, 40)}.`, {
    status: 415,
  });
}

function requireModel(model: string | null): string {
  if (model !== null && model !== "") return model;
  throw new GatewayError("invalid_request", "you must provide a model parameter", { param: "model" });
}
