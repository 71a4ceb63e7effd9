/** A call as a caller of one dialect sends it to the gateway. */
export type CallerRequest = {
  /** The dialect spoken, for the test's name. */
  readonly dialect: string;
  readonly path: (model: string) => string;
  /** Puts the model's name in, where the dialect has it in the body. */
  readonly named: (model: string, body: object) => object;
  readonly headers: Readonly<Record<string, string>>;
  /** A turn before, whose answer's reasoning comes back with this one: its request, and what the provider answers to it. */
  readonly first: { readonly body: object; readonly answer: object } | null;
  /** Of the gateway's answer to the first turn; null where there was none. */
  readonly body: (answer: unknown) => object;
  /** What may differ for this caller alone, by path, each with its reason. */
  readonly differs: Differs;
};

/** Differences that are right, by path. */
export type Differs = Readonly<Record<string, Reason>>;

/** Why two requests may differ; where `ours` or `theirs` is given, only so. */
export type Reason = string | { readonly why: string; readonly ours?: unknown; readonly theirs?: unknown };

type Caller = (body: object, differs?: Differs) => CallerRequest;

/** Callers whose body names the model. */
function post(path: string, dialect: string, headers: Readonly<Record<string, string>> = {}): Caller {
  return (body, differs = {}) => ({
    dialect,
    path: () => path,
    named: (model, unnamed) => ({ model, ...unnamed }),
    headers,
    first: null,
    body: () => body,
    differs,
  });
}

/** Callers whose path names the model. */
function postToModel(pathOf: (model: string) => string, dialect: string): Caller {
  return (body, differs = {}) => ({
    dialect,
    path: (model) => pathOf(encodeURIComponent(model)),
    named: (_, whole) => whole,
    headers: {},
    first: null,
    body: () => body,
    differs,
  });
}

/** A second turn: `next` makes its request of what the gateway answered to the first, for which the provider's answer was `answer`. */
export function replayed<Answer>(
  first: CallerRequest,
  answer: object,
  next: (answer: Answer) => object,
  differs: Differs = {},
): CallerRequest {
  return {
    ...first,
    differs,
    dialect: `${first.dialect}, replaying an answer`,
    first: { body: first.body(null), answer },
    body: (said) => next(said as Answer),
  };
}

const VERSIONED = { "anthropic-version": "2023-06-01" };

export const asChat = post("/v1/chat/completions", "openai-chat");
export const asResponse = post("/v1/responses", "openai-responses");
export const asInputTokens = post("/v1/responses/input_tokens", "openai-responses");
export const asEmbedding = post("/v1/embeddings", "openai-chat");
export const asMessage = post("/v1/messages", "anthropic-messages", VERSIONED);
export const asCount = post("/v1/messages/count_tokens", "anthropic-messages", VERSIONED);
export const asCohere = post("/v2/chat", "cohere");
export const asCohereEmbed = post("/v2/embed", "cohere");
export const asRerank = post("/v2/rerank", "cohere");
export const asRerankV1 = post("/v1/rerank", "cohere v1");
export const asOllama = post("/api/chat", "ollama");
export const asOllamaEmbed = post("/api/embed", "ollama");
export const asGemini = postToModel((model) => `/v1beta/models/${model}:generateContent`, "gemini");
export const asGeminiStream = postToModel((model) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`, "gemini");
export const asGeminiCount = postToModel((model) => `/v1beta/models/${model}:countTokens`, "gemini");
export const asConverse = postToModel((model) => `/model/${model}/converse`, "bedrock-converse");
