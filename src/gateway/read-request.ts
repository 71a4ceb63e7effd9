/** Reading: a caller's request as far as its model's name, and what goes to a provider once one is chosen. */
import { DIALECTS } from "../dialect/dialects.ts";
import type { Dialect, Endpoint } from "../dialect/dialect.ts";
import { patchJsonRequest, patchMembers, readJsonRequest } from "../dialect/json-request.ts";
import { MultipartModelFinder, readBoundary } from "../dialect/multipart-request.ts";
import { fillModel, type Recognised } from "../dialect/recognise.ts";
import { type AnswerTranslation, parseBody, translateRequest } from "../dialect/translate.ts";
import { GatewayError } from "../errors.ts";
import type { Snapshot } from "../exchange.ts";
import { quirksOf } from "../provider/quirks-of.ts";
import { MultipartUpload } from "../relay/multipart-upload.ts";
import { upstreamTarget } from "../relay/upstream-head.ts";
import type { ChosenSurface } from "../route/choose-surface.ts";
import type { Routed } from "../route/find-deployment.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { RequestHead } from "../wire/request-head.ts";

/** Where a request goes. */
export type Plan = { readonly routed: Routed; readonly chosen: ChosenSurface<Endpoint> };

/** What goes to a provider, but for its head, and how its answer is to be treated. */
export type Outgoing = {
  readonly method: "GET" | "POST";
  /** The whole target after the host. */
  readonly path: string;
  /** null where there is none, or where it streams (`upload`). */
  readonly body: Buffer | null;
  /** null: chunked. */
  readonly bodyBytes: number | null;
  readonly isStreamRequested: boolean;
  readonly choices: number;
  /** Usage was asked for on our own account: its event is withheld. */
  readonly withholdsUsage: boolean;
  readonly upload: MultipartUpload | null;
  readonly isUpgrade: boolean;
  /** The way back, where caller and provider speak different dialects. */
  readonly translation: AnswerTranslation | null;
  readonly dropped: readonly string[];
};

/** A request, read as far as its model's name. */
export type ReadRequest = {
  readonly model: string;
  readonly isStream: boolean;
  /** The body where it was read whole; null for uploads and upgrades. */
  readonly body: Buffer | null;
  prepare(plan: Plan, requestId: string, nowMs: number): Outgoing;
};

const NOTHING_SPECIAL = {
  isStreamRequested: false,
  choices: 1,
  withholdsUsage: false,
  upload: null,
  isUpgrade: false,
  translation: null,
  dropped: [],
} as const;

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
    prepare: ({ routed: { deployment, upstreamModel }, chosen }, requestId, nowMs) => {
      const { surface } = chosen;
      const { provider } = deployment;
      const { query } = caller.head;
      const filled = fillModel(chosen.path, upstreamModel);
      const from = dialectOf(endpoint.dialect);
      if (chosen.isTranslated && endpoint.operation !== null) {
        const {
          body: written,
          dropped,
          answer,
        } = translateRequest({
          from,
          to: dialectOf(surface.dialect),
          operation: endpoint.operation,
          body: parseBody(body),
          context: { endpoint, model: json.model, isStream, query: new URLSearchParams(query) },
          model: upstreamModel,
          quirks: quirksOf(surface, upstreamModel),
          dropParams: snapshot.dropParams,
          requestId,
          createdAt: Math.floor(nowMs / 1000),
        });
        const bytes = patchMembers(Buffer.from(JSON.stringify(written)), surface.body);
        return {
          ...NOTHING_SPECIAL,
          method: chosen.endpoint.method,
          path: upstreamTarget(provider, surface, filled, ""),
          body: bytes,
          bodyBytes: bytes.length,
          isStreamRequested: isStream,
          translation: answer,
          dropped,
        };
      }
      const asksForUsage =
        snapshot.streamUsage &&
        endpoint.hasStreamOptions &&
        isStream &&
        !json.hasStreamOptions &&
        !surface.quirks.refuses.includes("streamUsage");
      const named = endpoint.modelPlace === "json" ? upstreamModel : null;
      const patched = patchMembers(patchJsonRequest(json, named, asksForUsage), surface.body);
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
