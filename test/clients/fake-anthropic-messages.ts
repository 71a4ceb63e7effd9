/** A fake of Anthropic's messages: https://platform.claude.com/docs/en/api/messages */
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
  type Reply,
  type ReturnedReasoning,
  sse,
  type ToolTurn,
} from "./fake-dialect.ts";
import {
  COUNTED_TOKENS,
  type ErrorKind,
  MIDSTREAM_MESSAGE,
  REASONING_PIECES,
  REASONING_TEXT,
  RETRY_AFTER_SECONDS,
  SIGNATURES,
  type UsageFacts,
} from "./facts.ts";
import { at, list, textOf } from "./json-path.ts";

const ID = "msg_01ExampleFakeMessage0000";
const REQUEST_ID = "req_011ExampleFake";
const CALL_IDS = ["toolu_01WeatherExample00000000", "toolu_01TimeExample00000000000"];
const SIGNATURE = SIGNATURES["anthropic-messages"] as string;

const MEMBERS = [
  "model",
  "messages",
  "max_tokens",
  "system",
  "stream",
  "stop_sequences",
  "temperature",
  "top_p",
  "top_k",
  "tools",
  "tool_choice",
  "metadata",
  "service_tier",
  "thinking",
  "output_config",
  "output_format",
  "cache_control",
];

const isAssistant = (message: unknown): boolean => at(message, "role") === "assistant";

/** The blocks of a message's content, a text being one block. */
function blocksOf(message: unknown): readonly unknown[] {
  const content = at(message, "content");
  return typeof content === "string" ? [{ type: "text", text: content }] : list(content);
}

const blocks = (body: unknown, type: string): readonly unknown[] =>
  list(at(body, "messages"))
    .flatMap(blocksOf)
    .filter((block) => at(block, "type") === type);

function recognise({ path, body, header }: FakeRequest): Asked {
  const model = textOf(at(body, "model"));
  if (header("anthropic-version") === null) throw new FakeRefusal("anthropic-version: header is required");
  if (path === "/v1/messages/count_tokens") {
    checkMembers("", body, ["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"]);
    return { operation: "count", model, isStream: false };
  }
  if (path !== "/v1/messages") throw new FakeRefusal(`no path ${path}`);
  checkMembers("", body, MEMBERS);
  const maxTokens = at(body, "max_tokens");
  if (typeof maxTokens !== "number" || maxTokens < 1) throw new FakeRefusal("max_tokens: Field required");
  const budget = at(body, "thinking", "budget_tokens");
  if (budget !== undefined && !(typeof budget === "number" && budget >= 1024 && budget < maxTokens)) {
    throw new FakeRefusal("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  for (const message of list(at(body, "messages"))) {
    if (!["user", "assistant"].includes(textOf(at(message, "role")))) {
      throw new FakeRefusal(`messages: Unexpected role "${textOf(at(message, "role"))}".`);
    }
    for (const block of blocksOf(message)) {
      if (at(block, "type") === "text" && textOf(at(block, "text")) === "") {
        throw new FakeRefusal("messages: text content blocks must be non-empty");
      }
      if (at(block, "type") === "thinking" && typeof at(block, "signature") !== "string") {
        throw new FakeRefusal("messages: thinking.signature: Field required");
      }
    }
  }
  checkThinkingBeforeCalls(body);
  return { operation: "generate", model, isStream: at(body, "stream") === true };
}

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking#extended-thinking-with-tool-use */
function checkThinkingBeforeCalls(body: unknown): void {
  if (at(body, "thinking", "type") !== "enabled") return;
  const messages = list(at(body, "messages"));
  const isLoop = blocksOf(messages.at(-1)).some((block) => at(block, "type") === "tool_result");
  const [first] = blocksOf(messages.findLast(isAssistant));
  if (isLoop && !["thinking", "redacted_thinking"].includes(textOf(at(first, "type")))) {
    throw new FakeRefusal(
      `messages.1.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${textOf(at(first, "type"))}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`,
    );
  }
}

function readTools(body: unknown): ToolTurn {
  const messages = list(at(body, "messages"));
  const assistant = messages.findLast(isAssistant);
  const calls = blocksOf(assistant).filter((block) => at(block, "type") === "tool_use");
  // All results stand in the one user message behind the calls, before anything else.
  const next = calls.length === 0 ? undefined : after(messages, isAssistant)[0];
  const results = blocksOf(next).filter((block) => at(block, "type") === "tool_result");
  if (calls.length > 0 && results.length !== calls.length) {
    throw new FakeRefusal(
      "messages: `tool_use` ids were found without `tool_result` blocks immediately after. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
    );
  }
  return {
    tools: list(at(body, "tools")).map((tool) => ({
      name: textOf(at(tool, "name")),
      parameters: at(tool, "input_schema"),
    })),
    calls: calls.map((call) => {
      if (!/^[a-zA-Z0-9_-]+$/.test(textOf(at(call, "id")))) throw new FakeRefusal("tool_use.id: String should match");
      return { id: textOf(at(call, "id")), name: textOf(at(call, "name")), arguments: at(call, "input") };
    }),
    results: results.map((result) => ({
      id: textOf(at(result, "tool_use_id")),
      name: null,
      text: blocksOf(result)
        .map((block) => textOf(at(block, "text")))
        .join(""),
    })),
  };
}

function readSchema(body: unknown): AskedSchema | null {
  const format = at(body, "output_config", "format") ?? at(body, "output_format");
  if (at(format, "type") === "json_schema") return { kind: "field", schema: at(format, "schema") };
  const [tool] = list(at(body, "tools"));
  const choice = at(body, "tool_choice");
  if (at(choice, "type") !== "tool" || at(choice, "name") !== at(tool, "name")) return null;
  return { kind: "tool", name: textOf(at(tool, "name")), schema: at(tool, "input_schema") };
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const [block] = blocksOf(list(at(body, "messages")).findLast(isAssistant));
  if (at(block, "type") !== "thinking") return null;
  if (at(block, "thinking") !== REASONING_TEXT)
    throw new FakeRefusal(`expected the thinking itself, got ${JSON.stringify(block)}`);
  return { text: REASONING_TEXT, signature: textOf(at(block, "signature")) };
}

function writeUsage({ input, output, cached }: UsageFacts): object {
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: "standard",
    inference_geo: "not_available",
  };
}

function writeBlocks({ reasoning, pieces, calls }: Reply): object[] {
  return [
    ...(reasoning ? [{ type: "thinking", thinking: REASONING_TEXT, signature: SIGNATURE }] : []),
    ...(pieces.length === 0 ? [] : [{ type: "text", text: pieces.join("") }]),
    ...calls.map((call, index) => ({ type: "tool_use", id: CALL_IDS[index], name: call.name, input: call.arguments })),
  ];
}

function writeWhole(reply: Reply, asked: Asked): object {
  return {
    model: asked.model,
    id: ID,
    type: "message",
    role: "assistant",
    content: writeBlocks(reply),
    stop_reason: reply.calls.length === 0 ? "end_turn" : "tool_use",
    stop_sequence: null,
    usage: writeUsage(reply.usage),
  };
}

const event = (type: string, fields: object = {}): string => sse({ type, ...fields }, type);

function writeBlockEvents({ reasoning, pieces, calls }: Reply): string[] {
  const events: string[] = [];
  let index = 0;
  const block = (start: object, deltas: readonly object[]): void => {
    events.push(event("content_block_start", { index, content_block: start }));
    if (index === 0) events.push(event("ping"));
    for (const delta of deltas) events.push(event("content_block_delta", { index, delta }));
    events.push(event("content_block_stop", { index }));
    index += 1;
  };
  if (reasoning) {
    block({ type: "thinking", thinking: "", signature: "" }, [
      ...REASONING_PIECES.map((thinking) => ({ type: "thinking_delta", thinking })),
      { type: "signature_delta", signature: SIGNATURE },
    ]);
  }
  if (pieces.length > 0) {
    block(
      { type: "text", text: "" },
      pieces.map((text) => ({ type: "text_delta", text })),
    );
  }
  for (const [place, call] of calls.entries()) {
    block({ type: "tool_use", id: CALL_IDS[place], name: call.name, input: {} }, [
      { type: "input_json_delta", partial_json: "" },
      ...halves(JSON.stringify(call.arguments)).map((part) => ({ type: "input_json_delta", partial_json: part })),
    ]);
  }
  return events;
}

function writeStart({ usage }: Reply, asked: Asked): string {
  return event("message_start", {
    message: {
      model: asked.model,
      id: ID,
      type: "message",
      role: "assistant",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeUsage({ ...usage, output: 1 }),
    },
  });
}

function writeStream(reply: Reply, asked: Asked): string[] {
  const { input, cached, output } = reply.usage;
  return [
    writeStart(reply, asked),
    ...writeBlockEvents(reply),
    event("message_delta", {
      delta: { stop_reason: reply.calls.length === 0 ? "end_turn" : "tool_use", stop_sequence: null },
      usage: {
        input_tokens: input - cached,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: cached,
        output_tokens: output,
      },
    }),
    event("message_stop"),
  ];
}

function writeBrokenStream(reply: Reply, asked: Asked): string[] {
  return [
    writeStart(reply, asked),
    ...writeBlockEvents(reply).slice(0, 3),
    event("error", { error: { type: "overloaded_error", message: MIDSTREAM_MESSAGE } }),
  ];
}

function error(
  status: number,
  type: string,
  message: string,
  headers: readonly (readonly [string, string])[] = [],
): ErrorAnswer {
  return {
    status,
    callerStatus: status,
    message,
    body: { type: "error", error: { type, message }, request_id: REQUEST_ID },
    headers: [["request-id", REQUEST_ID], ...headers],
  };
}

const errors: Readonly<Record<ErrorKind, ErrorAnswer>> = {
  authentication: error(401, "authentication_error", "invalid x-api-key"),
  permission: error(403, "permission_error", "Your API key does not have permission to use the specified resource."),
  "not-found": error(404, "not_found_error", "model: error-not-found"),
  "rate-limit": error(
    429,
    "rate_limit_error",
    "This request would exceed your organization's rate limit of 50 requests per minute.",
    [
      ["retry-after", String(RETRY_AFTER_SECONDS)],
      ["anthropic-ratelimit-requests-limit", "50"],
      ["anthropic-ratelimit-requests-remaining", "0"],
    ],
  ),
  "context-window": error(400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
  "content-policy": error(400, "invalid_request_error", "Output blocked by content filtering policy"),
  overloaded: error(529, "overloaded_error", "Overloaded"),
  billing: {
    ...error(
      400,
      "invalid_request_error",
      "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    callerStatus: 429,
  },
  server: error(500, "api_error", "Internal server error"),
};

export const anthropicMessages: FakeDialect = {
  id: "anthropic-messages",
  basePath: "",
  streamType: "text/event-stream; charset=utf-8",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    blocks(body, "image").map((block) => {
      if (at(block, "source", "type") !== "base64") throw new FakeRefusal("image.source.type: expected base64");
      return { mediaType: textOf(at(block, "source", "media_type")), data: textOf(at(block, "source", "data")) };
    }),
  asksForReasoning: (body) => ["enabled", "adaptive"].includes(textOf(at(body, "thinking", "type"))),
  readReasoning,
  hasAssistant: (body) => list(at(body, "messages")).some(isAssistant),
  writeWhole,
  writeStream,
  writeBrokenStream,
  errors,
  count: () => ({ input_tokens: COUNTED_TOKENS }),
  writeRefusal: (message) => ({
    type: "error",
    error: { type: "invalid_request_error", message },
    request_id: REQUEST_ID,
  }),
};
