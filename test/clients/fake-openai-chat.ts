/** A fake of OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat. Its reasoning is DeepSeek's and vLLM's `reasoning_content`. */
import {
  after,
  type Asked,
  type AskedSchema,
  checkMembers,
  type ErrorAnswer,
  type FakeDialect,
  FakeRefusal,
  type FakeRequest,
  halves,
  parseArguments,
  readDataUrl,
  type Reply,
  type ReturnedReasoning,
  sse,
  type ToolTurn,
} from "./fake-dialect.ts";
import {
  EMBED_INPUTS,
  EMBED_TOKENS,
  EMBED_VECTORS,
  type ErrorKind,
  MIDSTREAM_MESSAGE,
  REASONING_PIECES,
  REASONING_TEXT,
  RETRY_AFTER_SECONDS,
  type UsageFacts,
} from "./facts.ts";
import { at, isThere, list, textOf } from "./json-path.ts";

const ID = "chatcmpl-CexampleB8z0fake";
const CREATED = 1_764_000_000;
const FINGERPRINT = "fp_example";
const CALL_IDS = ["call_weatherExample0000000", "call_timeExample0000000000"];

const MEMBERS = [
  "model",
  "messages",
  "stream",
  "stream_options",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "n",
  "stop",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "top_logprobs",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "reasoning_effort",
  "user",
  "metadata",
  "service_tier",
  "store",
  "verbosity",
];

const isAssistant = (message: unknown): boolean => at(message, "role") === "assistant";

function recognise({ path, body }: FakeRequest): Asked {
  const model = textOf(at(body, "model"));
  if (path === "/v1/embeddings") return { operation: "embed", model, isStream: false };
  if (path !== "/v1/chat/completions") throw new FakeRefusal(`Invalid URL (POST ${path})`);
  checkMembers("", body, MEMBERS);
  for (const message of list(at(body, "messages"))) {
    if (!["system", "developer", "user", "assistant", "tool"].includes(textOf(at(message, "role")))) {
      throw new FakeRefusal(`Invalid value: '${textOf(at(message, "role"))}' for messages.role`);
    }
  }
  return { operation: "generate", model, isStream: at(body, "stream") === true };
}

function readTools(body: unknown): ToolTurn {
  const messages = list(at(body, "messages"));
  const assistant = messages.findLast(isAssistant);
  return {
    tools: list(at(body, "tools")).map((tool) => {
      if (at(tool, "type") !== "function") throw new FakeRefusal("Missing required parameter: 'tools[0].type'");
      return { name: textOf(at(tool, "function", "name")), parameters: at(tool, "function", "parameters") };
    }),
    calls: list(at(assistant, "tool_calls")).map((call) => ({
      id: textOf(at(call, "id")),
      name: textOf(at(call, "function", "name")),
      arguments: parseArguments(at(call, "function", "arguments")),
    })),
    results:
      assistant === undefined
        ? []
        : after(messages, isAssistant)
            .filter((message) => at(message, "role") === "tool")
            .map((message) => ({ id: textOf(at(message, "tool_call_id")), name: null, text: readText(message) })),
  };
}

function readText(message: unknown): string {
  const content = at(message, "content");
  if (typeof content === "string") return content;
  return list(content)
    .map((part) => textOf(at(part, "text")))
    .join("");
}

function readSchema(body: unknown): AskedSchema | null {
  const format = at(body, "response_format");
  if (at(format, "type") !== "json_schema") return null;
  if (textOf(at(format, "json_schema", "name")) === "") {
    throw new FakeRefusal("Missing required parameter: 'response_format.json_schema.name'.");
  }
  return { kind: "field", schema: at(format, "json_schema", "schema") };
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const assistant = list(at(body, "messages")).findLast(isAssistant);
  const text = at(assistant, "reasoning_content");
  if (!isThere(text)) return null;
  if (text !== REASONING_TEXT) throw new FakeRefusal(`expected the reasoning's own text, got ${JSON.stringify(text)}`);
  return { text: REASONING_TEXT, signature: null };
}

function writeUsage({ input, output, cached, reasoning }: UsageFacts): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function writeWhole({ reasoning, pieces, calls, usage }: Reply, asked: Asked): object {
  return {
    id: ID,
    object: "chat.completion",
    created: CREATED,
    model: asked.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: pieces.length === 0 ? null : pieces.join(""),
          ...(reasoning ? { reasoning_content: REASONING_TEXT } : {}),
          ...(calls.length === 0
            ? {}
            : {
                tool_calls: calls.map((call, index) => ({
                  id: CALL_IDS[index],
                  type: "function",
                  function: { name: call.name, arguments: JSON.stringify(call.arguments) },
                })),
              }),
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: calls.length === 0 ? "stop" : "tool_calls",
      },
    ],
    usage: writeUsage(usage),
    service_tier: "default",
    system_fingerprint: FINGERPRINT,
  };
}

function* writeDeltas({ reasoning, pieces, calls }: Reply): Generator<object> {
  yield { role: "assistant", content: calls.length === 0 ? "" : null, refusal: null };
  if (reasoning) for (const piece of REASONING_PIECES) yield { reasoning_content: piece };
  for (const content of pieces) yield { content };
  for (const [index, { name, arguments: given }] of calls.entries()) {
    const [first, second] = halves(JSON.stringify(given));
    yield { tool_calls: [{ index, id: CALL_IDS[index], type: "function", function: { name, arguments: "" } }] };
    yield { tool_calls: [{ index, function: { arguments: first } }] };
    yield { tool_calls: [{ index, function: { arguments: second } }] };
  }
}

function writeChunks(reply: Reply, asked: Asked, body: unknown, isBroken: boolean): string[] {
  const wantsUsage = at(body, "stream_options", "include_usage") === true;
  const frame = (choices: readonly object[], usage: object | null = null): string =>
    sse({
      id: ID,
      object: "chat.completion.chunk",
      created: CREATED,
      model: asked.model,
      service_tier: "default",
      system_fingerprint: FINGERPRINT,
      choices,
      ...(wantsUsage ? { usage } : {}),
    });
  const choice = (delta: object, finish: string | null): object[] => [
    { index: 0, delta, logprobs: null, finish_reason: finish },
  ];
  const chunks = [...writeDeltas(reply)].map((delta) => frame(choice(delta, null)));
  if (isBroken) {
    // OpenAI's own form of an error inside a stream.
    return [
      ...chunks,
      sse({ error: { message: MIDSTREAM_MESSAGE, type: "server_error", param: null, code: "server_overloaded" } }),
    ];
  }
  chunks.push(frame(choice({}, reply.calls.length === 0 ? "stop" : "tool_calls")));
  if (wantsUsage) chunks.push(frame([], writeUsage(reply.usage)));
  return [...chunks, "data: [DONE]\n\n"];
}

function error(
  status: number,
  message: string,
  type: string,
  code: string | null,
  options: { readonly param?: string; readonly headers?: ErrorAnswer["headers"] } = {},
): ErrorAnswer {
  return {
    status,
    callerStatus: status,
    message,
    body: { error: { message, type, param: options.param ?? null, code } },
    headers: options.headers,
  };
}

export const OPENAI_ERRORS: Readonly<Record<ErrorKind, ErrorAnswer>> = {
  authentication: error(
    401,
    "Incorrect API key provided: sk-ex****mple. You can find your API key at https://platform.openai.com/account/api-keys.",
    "invalid_request_error",
    "invalid_api_key",
  ),
  permission: error(
    403,
    "You are not allowed to sample from this model.",
    "invalid_request_error",
    "model_access_denied",
  ),
  "not-found": error(
    404,
    "The model `error-not-found` does not exist or you do not have access to it.",
    "invalid_request_error",
    "model_not_found",
  ),
  "rate-limit": error(
    429,
    "Rate limit reached for example-model on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 3s.",
    "requests",
    "rate_limit_exceeded",
    {
      headers: [
        ["retry-after", String(RETRY_AFTER_SECONDS)],
        ["x-ratelimit-limit-requests", "3"],
        ["x-ratelimit-remaining-requests", "0"],
        ["x-ratelimit-reset-requests", "3s"],
      ],
    },
  ),
  "context-window": error(
    400,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.",
    "invalid_request_error",
    "context_length_exceeded",
    { param: "messages" },
  ),
  "content-policy": error(
    400,
    "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system.",
    "invalid_request_error",
    "content_policy_violation",
  ),
  overloaded: error(503, "The engine is currently overloaded, please try again later.", "server_error", null),
  billing: error(
    429,
    "You exceeded your current quota, please check your plan and billing details.",
    "insufficient_quota",
    "insufficient_quota",
  ),
  server: error(500, "The server had an error while processing your request. Sorry about that!", "server_error", null),
};

function embed(body: unknown): object {
  const input = at(body, "input");
  const texts = typeof input === "string" ? [input] : list(input);
  if (!Bun.deepEquals([...texts], [...EMBED_INPUTS])) throw new FakeRefusal("expected the two texts of these tests");
  const isBase64 = at(body, "encoding_format") === "base64";
  return {
    object: "list",
    data: EMBED_VECTORS.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: isBase64 ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector,
    })),
    model: "embed",
    usage: { prompt_tokens: EMBED_TOKENS, total_tokens: EMBED_TOKENS },
  };
}

export const openaiChat: FakeDialect = {
  id: "openai-chat",
  basePath: "/v1",
  streamType: "text/event-stream; charset=utf-8",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    list(at(body, "messages"))
      .flatMap((message) => list(at(message, "content")))
      .filter((part) => at(part, "type") === "image_url")
      .map((part) => readDataUrl(at(part, "image_url", "url"))),
  asksForReasoning: (body) => isThere(at(body, "reasoning_effort")),
  readReasoning,
  hasAssistant: (body) => list(at(body, "messages")).some(isAssistant),
  writeWhole,
  writeStream: (reply, asked, body) => writeChunks(reply, asked, body, false),
  writeBrokenStream: (reply, asked, body) => writeChunks(reply, asked, body, true),
  errors: OPENAI_ERRORS,
  writeRefusal: (message) => ({ error: { message, type: "invalid_request_error", param: null, code: null } }),
  embed,
};
