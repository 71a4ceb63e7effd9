/** Which recorded API belongs to which dialect, and what a gateway would know of each recorded request beside its body. */
import type { AnswerContext, Dialect, Endpoint, RequestContext } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralRequest } from "../../../src/dialect/neutral.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { RecordedExchange } from "../../instruments/recorded.ts";

export type Api = {
  /** The recording's name. */
  readonly name: string;
  readonly dialect: DialectId;
  /** The path of the API itself; providers put it behind prefixes of their own. */
  readonly pathOf: (exchange: RecordedExchange) => string;
  /** An older endpoint of callers: what comes in there is written for the dialect's newer one. */
  readonly isLegacy?: boolean;
  /** Why a record is not the dialect's; null where it is. */
  readonly skip?: (exchange: RecordedExchange) => string | null;
};

export const GENERATE_APIS: readonly Api[] = [
  { name: "openai-chat", dialect: "openai-chat", pathOf: () => "/v1/chat/completions" },
  { name: "openai-completions", dialect: "openai-chat", pathOf: () => "/v1/completions", isLegacy: true },
  {
    name: "openai-responses",
    dialect: "openai-responses",
    pathOf: () => "/v1/responses",
    skip: ({ isStream, response }) =>
      isStream && !/"response\.created"|"error"/.test(Buffer.concat(response.chunks).toString("latin1"))
        ? "a stream without its beginning"
        : null,
  },
  {
    name: "anthropic-messages",
    dialect: "anthropic-messages",
    pathOf: () => "/v1/messages",
    skip: ({ response }) =>
      Buffer.concat(response.chunks).toString("latin1").split("event: message_stop").length > 2
        ? "several answers' streams in one recording"
        : null,
  },
  {
    name: "gemini-generate",
    dialect: "gemini",
    pathOf: ({ request, isStream, model }) => {
      const found = request === null ? null : /models\/([^/:?]+):(\w+)/.exec(request.path);
      const operation = found?.[2] ?? (isStream ? "streamGenerateContent" : "generateContent");
      return `/v1beta/models/${found?.[1] ?? model ?? "gemini-2.5-flash"}:${operation}`;
    },
  },
  {
    name: "bedrock-converse",
    dialect: "bedrock-converse",
    pathOf: ({ request, isStream, model }) => {
      const found = request === null ? null : /\/model\/([^/]+)\/([\w-]+)/.exec(request.path);
      return `/model/${found?.[1] ?? encodeURIComponent(model ?? "m")}/${found?.[2] ?? (isStream ? "converse-stream" : "converse")}`;
    },
  },
  {
    name: "cohere-chat",
    dialect: "cohere",
    pathOf: () => "/v2/chat",
    skip: ({ request, response }) =>
      request?.path.startsWith("/v1/") === true || Buffer.concat(response.chunks).includes('"generation_id"')
        ? "Cohere's chat of version 1, which is no dialect of ours"
        : null,
  },
  { name: "ollama-chat", dialect: "ollama", pathOf: () => "/api/chat" },
  { name: "ollama-generate", dialect: "ollama", pathOf: () => "/api/generate" },
];

/** What is no conversation: embeddings, rerank, token counts. */
export const OTHER_APIS: readonly (Api & { readonly operation: "embed" | "rerank" | "count" })[] = [
  { name: "openai-embeddings", dialect: "openai-chat", operation: "embed", pathOf: () => "/v1/embeddings" },
  {
    name: "gemini-embed",
    dialect: "gemini",
    operation: "embed",
    pathOf: ({ request }) => {
      const found = request === null ? null : /models\/([^/:?]+):(\w+)/.exec(request.path);
      return `/v1beta/models/${found?.[1] ?? "m"}:${found?.[2] ?? "embedContent"}`;
    },
  },
  {
    name: "cohere-embed",
    dialect: "cohere",
    operation: "embed",
    pathOf: () => "/v2/embed",
    skip: ({ request }) =>
      request?.path.startsWith("/v1/") === true ? "Cohere's embed of version 1, no dialect of ours" : null,
  },
  {
    name: "ollama-embed",
    dialect: "ollama",
    operation: "embed",
    pathOf: ({ request }) => request?.path.split("?")[0] ?? "/api/embed",
  },
  {
    name: "cohere-rerank",
    dialect: "cohere",
    operation: "rerank",
    pathOf: ({ request }) => (request?.path.includes("/v1/") === true ? "/v1/rerank" : "/v2/rerank"),
  },
  {
    name: "anthropic-count-tokens",
    dialect: "anthropic-messages",
    operation: "count",
    pathOf: () => "/v1/messages/count_tokens",
  },
  {
    name: "gemini-count-tokens",
    dialect: "gemini",
    operation: "count",
    pathOf: ({ request }) => `/v1beta/models/${/models\/([^/:?]+):/.exec(request?.path ?? "")?.[1] ?? "m"}:countTokens`,
  },
];

/** No provider's ways: what the dialect itself can say. */
export const NO_QUIRKS: Quirks = {
  refuses: [],
  renames: {},
  reasoning: null,
  efforts: null,
  jsonSchema: null,
  maxOutputTokens: null,
  refusesContent: [],
  systemRole: null,
};

/** The endpoint that a path of the API means. */
export function endpointOf(dialect: Dialect, path: string): Endpoint {
  const found = dialect.endpoints.find(({ path: template }) => patternOf(template).test(path));
  if (found === undefined) throw new Error(`expected an endpoint of ${dialect.id} at ${path}`);
  return found;
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{model\}/g, "(.+)");
  return new RegExp(`^${escaped}$`);
}

/** Where a dialect generates, for requests that the corpus itself sends there. */
export const GENERATE_PATHS: Readonly<Record<DialectId, (model: string, isStream: boolean) => string>> = {
  "openai-chat": () => "/v1/chat/completions",
  "openai-responses": () => "/v1/responses",
  "anthropic-messages": () => "/v1/messages",
  gemini: (model, isStream) => `/v1beta/models/${model}:${isStream ? "streamGenerateContent" : "generateContent"}`,
  "bedrock-converse": (model, isStream) => `/model/${model}/${isStream ? "converse-stream" : "converse"}`,
  cohere: () => "/v2/chat",
  ollama: () => "/api/chat",
};

/** What a gateway knows of a request to `path` beside its body. */
export function requestContextOf(dialect: Dialect, path: string, body: JsonObject, query = ""): RequestContext {
  const endpoint = endpointOf(dialect, path);
  const [, named] = patternOf(endpoint.path).exec(path) ?? [];
  const model =
    typeof body["model"] === "string" ? body["model"] : named === undefined ? "" : decodeURIComponent(named);
  const said = typeof body["stream"] === "boolean" ? body["stream"] : endpoint.streamsByDefault === true;
  return { endpoint, model, isStream: endpoint.isStreamPath ?? said, query: new URLSearchParams(query) };
}

export type AnswerContextInput = {
  readonly dialect: Dialect;
  readonly path: string;
  readonly model?: string;
  readonly request?: NeutralRequest | null;
  /** The dialect of the provider's answer; left out: the same. */
  readonly from?: DialectId;
};

/** What a gateway knows of the request whose answer it writes. */
export function answerContextOf({
  dialect,
  path,
  model = "m",
  request = null,
  from,
}: AnswerContextInput): AnswerContext {
  return {
    endpoint: endpointOf(dialect, path),
    model,
    requestId: "req_0123456789abcdef0123456789abcdef",
    createdAt: 1_750_000_000,
    wantsStreamUsage: true,
    query: new URLSearchParams("alt=sse"),
    request,
    answerDialect: from ?? dialect.id,
  };
}
