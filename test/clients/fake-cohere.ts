/** A fake of Cohere's second API: https://docs.cohere.com/reference/chat */
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
  RERANK_DOCUMENTS,
  RERANK_QUERY,
  RERANK_RESULTS,
  RETRY_AFTER_SECONDS,
  type UsageFacts,
} from "./facts.ts";
import { at, isThere, list, textOf } from "./json-path.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const CALL_IDS = ["get_weather_example0000", "get_time_example00000000"];

const MEMBERS = [
  "model",
  "messages",
  "stream",
  "tools",
  "tool_choice",
  "strict_tools",
  "documents",
  "citation_options",
  "response_format",
  "safety_mode",
  "max_tokens",
  "stop_sequences",
  "temperature",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "k",
  "p",
  "logprobs",
  "thinking",
  "priority",
];

const messages = (body: unknown): readonly unknown[] => list(at(body, "messages"));
const isAssistant = (message: unknown): boolean => at(message, "role") === "assistant";

function blocks(message: unknown): readonly unknown[] {
  const content = at(message, "content");
  return typeof content === "string" ? [{ type: "text", text: content }] : list(content);
}

function recognise({ path, body }: FakeRequest): Asked {
  const model = textOf(at(body, "model"));
  if (path === "/v2/embed") return { operation: "embed", model, isStream: false };
  if (path === "/v2/rerank") return { operation: "rerank", model, isStream: false };
  if (path !== "/v2/chat") throw new FakeRefusal(`no path ${path}`);
  checkMembers("", body, MEMBERS);
  for (const message of messages(body)) {
    if (!["system", "user", "assistant", "tool"].includes(textOf(at(message, "role")))) {
      throw new FakeRefusal("invalid request: message must have a valid role");
    }
  }
  return { operation: "generate", model, isStream: at(body, "stream") === true };
}

function readTools(body: unknown): ToolTurn {
  const assistant = messages(body).findLast(isAssistant);
  const results = assistant === undefined ? [] : after(messages(body), isAssistant);
  return {
    tools: list(at(body, "tools")).map((tool) => ({
      name: textOf(at(tool, "function", "name")),
      parameters: at(tool, "function", "parameters"),
    })),
    calls: list(at(assistant, "tool_calls")).map((call) => ({
      id: textOf(at(call, "id")),
      name: textOf(at(call, "function", "name")),
      arguments: parseArguments(at(call, "function", "arguments")),
    })),
    results: results
      .filter((message) => at(message, "role") === "tool")
      .map((message) => ({
        id: textOf(at(message, "tool_call_id")),
        name: null,
        text: blocks(message)
          .map((block) => textOf(at(block, "text")) || JSON.stringify(at(block, "document", "data") ?? ""))
          .join(""),
      })),
  };
}

function readSchema(body: unknown): AskedSchema | null {
  const format = at(body, "response_format");
  if (at(format, "type") !== "json_object") return null;
  return { kind: "field", schema: at(format, "json_schema") ?? at(format, "schema") };
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const assistant = messages(body).findLast(isAssistant);
  // Before calls, a summary of the reasoning is what Cohere calls a plan.
  if (at(assistant, "tool_plan") === REASONING_TEXT) return { text: REASONING_TEXT, signature: null };
  const thinking = blocks(assistant).find((block) => at(block, "type") === "thinking");
  if (thinking === undefined) return null;
  if (at(thinking, "thinking") !== REASONING_TEXT)
    throw new FakeRefusal(`expected the thinking itself, got ${JSON.stringify(thinking)}`);
  return { text: REASONING_TEXT, signature: null };
}

function writeUsage({ input, output, cached, reasoning }: UsageFacts): object {
  return {
    billed_units: { input_tokens: input - 2, output_tokens: output - 1 },
    tokens: { input_tokens: input, output_tokens: output, ...(reasoning === 0 ? {} : { reasoning_tokens: reasoning }) },
    ...(cached === 0 ? {} : { cached_tokens: cached }),
  };
}

const finishReason = ({ calls }: Reply): string => (calls.length === 0 ? "COMPLETE" : "TOOL_CALL");

function writeWhole(reply: Reply): object {
  const { reasoning, pieces, calls, usage } = reply;
  const content = [
    ...(reasoning ? [{ type: "thinking", thinking: REASONING_TEXT }] : []),
    ...(pieces.length === 0 ? [] : [{ type: "text", text: pieces.join("") }]),
  ];
  return {
    id: ID,
    message: {
      role: "assistant",
      ...(content.length === 0 ? {} : { content }),
      ...(calls.length === 0
        ? {}
        : {
            // A model that thinks has no plan beside its thoughts.
            ...(reasoning ? {} : { tool_plan: "I will look up the weather and the time." }),
            tool_calls: calls.map((call, index) => ({
              id: CALL_IDS[index],
              type: "function",
              function: { name: call.name, arguments: JSON.stringify(call.arguments) },
            })),
          }),
    },
    finish_reason: finishReason(reply),
    usage: writeUsage(usage),
  };
}

const event = (type: string, fields: object = {}): string => sse({ type, ...fields }, type);

function writeEvents({ reasoning, pieces, calls }: Reply): string[] {
  const events = [
    event("message-start", {
      id: ID,
      delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
    }),
  ];
  let index = 0;
  const content = (type: "thinking" | "text", texts: readonly string[]): void => {
    events.push(event("content-start", { index, delta: { message: { content: { type, [type]: "" } } } }));
    for (const text of texts) {
      events.push(event("content-delta", { index, delta: { message: { content: { [type]: text } } } }));
    }
    events.push(event("content-end", { index }));
    index += 1;
  };
  if (reasoning) content("thinking", REASONING_PIECES);
  if (pieces.length > 0) content("text", pieces);
  if (calls.length > 0 && !reasoning) {
    for (const tool_plan of ["I will look up ", "the weather and the time."]) {
      events.push(event("tool-plan-delta", { delta: { message: { tool_plan } } }));
    }
  }
  for (const [place, call] of calls.entries()) {
    const tool_calls = { id: CALL_IDS[place], type: "function", function: { name: call.name, arguments: "" } };
    events.push(event("tool-call-start", { index: place, delta: { message: { tool_calls } } }));
    for (const given of halves(JSON.stringify(call.arguments))) {
      const delta = { message: { tool_calls: { function: { arguments: given } } } };
      events.push(event("tool-call-delta", { index: place, delta }));
    }
    events.push(event("tool-call-end", { index: place }));
  }
  return events;
}

function writeStream(reply: Reply): string[] {
  const delta = { finish_reason: finishReason(reply), usage: writeUsage(reply.usage) };
  return [...writeEvents(reply), event("message-end", { delta }), "data: [DONE]\n\n"];
}

function error(status: number, message: string, headers: readonly (readonly [string, string])[] = []): ErrorAnswer {
  return { status, callerStatus: status, message, body: { id: ID, message }, headers };
}

const errors: Readonly<Record<ErrorKind, ErrorAnswer>> = {
  authentication: error(401, "invalid api token"),
  permission: error(403, "your api key does not have access to this model"),
  "not-found": error(
    404,
    "model 'error-not-found' not found, make sure the correct model ID was used and that you have access to the model.",
  ),
  "rate-limit": error(429, "You are past the per minute request limit, please wait and try again later.", [
    ["retry-after", String(RETRY_AFTER_SECONDS)],
  ]),
  "context-window": error(
    400,
    "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 130001.",
  ),
  "content-policy": error(400, "The request was blocked by our safety filters."),
  overloaded: error(503, "The service is currently unavailable, please try again later."),
  billing: error(402, "Please add or update your payment method at https://dashboard.cohere.com/billing."),
  server: error(500, "internal server error, this has been reported to our developers."),
};

export const cohere: FakeDialect = {
  id: "cohere",
  basePath: "",
  streamType: "text/event-stream",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    messages(body)
      .flatMap(blocks)
      .filter((block) => at(block, "type") === "image_url")
      .map((block) => readDataUrl(at(block, "image_url", "url"))),
  asksForReasoning: (body) => at(body, "thinking", "type") === "enabled",
  readReasoning,
  hasAssistant: (body) => messages(body).some(isAssistant),
  writeWhole,
  writeStream,
  // https://docs.cohere.com/v2/docs/streaming: a stream that fails ends with an error as its finish reason
  writeBrokenStream: (reply) => [
    ...writeEvents(reply).slice(0, 3),
    event("message-end", {
      delta: { finish_reason: "ERROR", error: MIDSTREAM_MESSAGE, usage: writeUsage(reply.usage) },
    }),
  ],
  errors,
  writeRefusal: (message) => ({ id: ID, message }),
  embed: (body) => {
    const texts = list(at(body, "texts"));
    const inputs = texts.length > 0 ? texts : list(at(body, "inputs")).map((input) => at(input, "content", 0, "text"));
    if (!Bun.deepEquals([...inputs], [...EMBED_INPUTS])) throw new FakeRefusal("expected the two texts of these tests");
    if (textOf(at(body, "input_type")) === "") throw new FakeRefusal("invalid request: input_type is required");
    const types = list(at(body, "embedding_types"));
    return {
      id: ID,
      embeddings: {
        ...(types.length === 0 || types.includes("float") ? { float: EMBED_VECTORS } : {}),
        ...(types.includes("base64")
          ? { base64: EMBED_VECTORS.map((vector) => Buffer.from(new Float32Array(vector).buffer).toString("base64")) }
          : {}),
      },
      texts: EMBED_INPUTS,
      meta: { api_version: { version: "2" }, billed_units: { input_tokens: EMBED_TOKENS } },
      response_type: "embeddings_by_type",
    };
  },
  rerank: (body) => {
    if (
      at(body, "query") !== RERANK_QUERY ||
      !Bun.deepEquals([...list(at(body, "documents"))], [...RERANK_DOCUMENTS])
    ) {
      throw new FakeRefusal("expected the query and documents of these tests");
    }
    if (!isThere(at(body, "top_n"))) throw new FakeRefusal("expected top_n");
    return {
      id: ID,
      results: RERANK_RESULTS.map(({ index, score }) => ({ index, relevance_score: score })),
      meta: { api_version: { version: "2" }, billed_units: { search_units: 1 } },
    };
  },
};
