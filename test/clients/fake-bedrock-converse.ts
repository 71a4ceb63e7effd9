/** A fake of Bedrock's Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
import { eventMessage } from "./aws-event-message.ts";
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
  type Reply,
  type ReturnedReasoning,
  type ToolTurn,
} from "./fake-dialect.ts";
import {
  COUNTED_TOKENS,
  EMBED_INPUTS,
  EMBED_VECTORS,
  type ErrorKind,
  MIDSTREAM_MESSAGE,
  REASONING_PIECES,
  REASONING_TEXT,
  RERANK_DOCUMENTS,
  RERANK_QUERY,
  RERANK_RESULTS,
  RETRY_AFTER_SECONDS,
  SIGNATURES,
  type UsageFacts,
} from "./facts.ts";
import { at, isThere, list, textOf } from "./json-path.ts";

const CALL_IDS = ["tooluse_WeatherExample00000000", "tooluse_TimeExample00000000000"];
const SIGNATURE = SIGNATURES["bedrock-converse"] as string;
const REQUEST_ID = "00000000-0000-4000-8000-000000000000";
const PATH = /^\/model\/([^/]+)\/(converse|converse-stream|invoke|count-tokens)$/;

const MEMBERS = [
  "messages",
  "system",
  "inferenceConfig",
  "toolConfig",
  "guardrailConfig",
  "additionalModelRequestFields",
  "additionalModelResponseFieldPaths",
  "promptVariables",
  "requestMetadata",
  "performanceConfig",
  "serviceTier",
  "outputConfig",
];

const messages = (body: unknown): readonly unknown[] => list(at(body, "messages"));
const content = (message: unknown): readonly unknown[] => list(at(message, "content"));
const isAssistant = (message: unknown): boolean => at(message, "role") === "assistant";

/** Every member of a list of unions that bears a name. */
function members(values: readonly unknown[], name: string): readonly unknown[] {
  return values.map((value) => at(value, name)).filter((value) => value !== undefined);
}

function recognise({ path, body }: FakeRequest): Asked {
  const match = PATH.exec(path);
  if (match === null) throw new FakeRefusal(`no path ${path}`);
  const name = decodeURIComponent(match[1] as string);
  const model = name.slice(name.lastIndexOf(".") + 1);
  if (match[2] === "invoke") return { operation: model === "rerank" ? "rerank" : "embed", model, isStream: false };
  if (match[2] === "count-tokens") {
    checkMembers("", body, ["input"]);
    return { operation: "count", model, isStream: false };
  }
  checkMembers("", body, MEMBERS);
  const roles = messages(body).map((message) => textOf(at(message, "role")));
  if (roles[0] !== "user") throw new FakeRefusal("A conversation must start with a user message.");
  for (const [index, role] of roles.entries()) {
    if (role !== "user" && role !== "assistant")
      throw new FakeRefusal("Value at 'messages.role' must be user or assistant");
    if (role === roles[index - 1])
      throw new FakeRefusal("A conversation must alternate between user and assistant roles.");
  }
  for (const block of messages(body).flatMap(content)) {
    if (at(block, "text") === "") throw new FakeRefusal("The text field in the ContentBlock object is blank.");
  }
  return { operation: "generate", model, isStream: match[2] === "converse-stream" };
}

function readTools(body: unknown): ToolTurn {
  const assistant = messages(body).findLast(isAssistant);
  const calls = members(content(assistant), "toolUse");
  const next = calls.length === 0 ? undefined : after(messages(body), isAssistant)[0];
  const results = members(content(next), "toolResult");
  if (results.length !== calls.length) {
    throw new FakeRefusal("Expected toolResult blocks at messages.2.content for the toolUse blocks before.");
  }
  return {
    tools: members(list(at(body, "toolConfig", "tools")), "toolSpec").map((tool) => ({
      name: textOf(at(tool, "name")),
      parameters: at(tool, "inputSchema", "json"),
    })),
    calls: calls.map((call) => {
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textOf(at(call, "toolUseId")))) throw new FakeRefusal("Invalid toolUseId");
      return { id: textOf(at(call, "toolUseId")), name: textOf(at(call, "name")), arguments: at(call, "input") };
    }),
    results: results.map((result) => ({
      id: textOf(at(result, "toolUseId")),
      name: null,
      text: content(result)
        .map((block) => textOf(at(block, "text")) || JSON.stringify(at(block, "json") ?? ""))
        .join(""),
    })),
  };
}

function readSchema(body: unknown): AskedSchema | null {
  const format = at(body, "outputConfig", "textFormat");
  if (isThere(format)) {
    if (at(format, "type") !== "json_schema")
      throw new FakeRefusal("Value at 'outputConfig.textFormat.type' is unknown");
    return { kind: "field", schema: parseArguments(at(format, "structure", "jsonSchema", "schema")) };
  }
  const [tool] = members(list(at(body, "toolConfig", "tools")), "toolSpec");
  if (!isThere(tool) || at(body, "toolConfig", "toolChoice", "tool", "name") !== at(tool, "name")) return null;
  return { kind: "tool", name: textOf(at(tool, "name")), schema: at(tool, "inputSchema", "json") };
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const [block] = members(content(messages(body).findLast(isAssistant)), "reasoningContent");
  if (block === undefined) return null;
  const text = textOf(at(block, "reasoningText", "text"));
  if (text !== REASONING_TEXT) throw new FakeRefusal(`expected the reasoning itself, got ${JSON.stringify(block)}`);
  return { text, signature: textOf(at(block, "reasoningText", "signature")) };
}

function writeUsage({ input, output, cached }: UsageFacts): object {
  return {
    inputTokens: input - cached,
    outputTokens: output,
    totalTokens: input + output,
    ...(cached === 0 ? {} : { cacheReadInputTokens: cached, cacheWriteInputTokens: 0 }),
  };
}

const stopReason = ({ calls }: Reply): string => (calls.length === 0 ? "end_turn" : "tool_use");

function writeWhole(reply: Reply): object {
  const { reasoning, pieces, calls, usage } = reply;
  return {
    metrics: { latencyMs: 321 },
    output: {
      message: {
        content: [
          ...(reasoning
            ? [{ reasoningContent: { reasoningText: { signature: SIGNATURE, text: REASONING_TEXT } } }]
            : []),
          ...(pieces.length === 0 ? [] : [{ text: pieces.join("") }]),
          ...calls.map((call, index) => ({
            toolUse: { input: call.arguments, name: call.name, toolUseId: CALL_IDS[index] },
          })),
        ],
        role: "assistant",
      },
    },
    stopReason: stopReason(reply),
    usage: writeUsage(usage),
  };
}

/** The padding member `p` makes events alike in length; it means nothing. */
function event(type: string, payload: object): Uint8Array {
  return eventMessage(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    { ...payload, p: "abcdefgh" },
  );
}

function writeEvents({ reasoning, pieces, calls }: Reply): Uint8Array[] {
  const events = [event("messageStart", { role: "assistant" })];
  let contentBlockIndex = 0;
  const block = (deltas: readonly object[], start?: object): void => {
    if (start !== undefined) events.push(event("contentBlockStart", { contentBlockIndex, start }));
    for (const delta of deltas) events.push(event("contentBlockDelta", { contentBlockIndex, delta }));
    events.push(event("contentBlockStop", { contentBlockIndex }));
    contentBlockIndex += 1;
  };
  if (reasoning) {
    block([
      ...REASONING_PIECES.map((text) => ({ reasoningContent: { text } })),
      { reasoningContent: { signature: SIGNATURE } },
    ]);
  }
  if (pieces.length > 0) block(pieces.map((text) => ({ text })));
  for (const [index, call] of calls.entries()) {
    block(
      halves(JSON.stringify(call.arguments)).map((input) => ({ toolUse: { input } })),
      { toolUse: { name: call.name, toolUseId: CALL_IDS[index] } },
    );
  }
  return events;
}

function writeStream(reply: Reply): Uint8Array[] {
  return [
    ...writeEvents(reply),
    event("messageStop", { stopReason: stopReason(reply) }),
    event("metadata", { metrics: { latencyMs: 321 }, usage: writeUsage(reply.usage) }),
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
    body: { message },
    headers: [
      ["x-amzn-errortype", `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`],
      ["x-amzn-requestid", REQUEST_ID],
      ...headers,
    ],
  };
}

const errors: Readonly<Record<ErrorKind, ErrorAnswer>> = {
  authentication: {
    ...error(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
    callerStatus: 401,
  },
  permission: error(403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
  "not-found": error(
    404,
    "ResourceNotFoundException",
    "Could not resolve the foundation model from the model identifier.",
  ),
  "rate-limit": error(429, "ThrottlingException", "Too many requests, please wait before trying again.", [
    ["retry-after", String(RETRY_AFTER_SECONDS)],
  ]),
  "context-window": error(400, "ValidationException", "Input is too long for requested model."),
  "content-policy": error(400, "ValidationException", "Output blocked by content filtering policy"),
  overloaded: error(503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
  billing: {
    ...error(
      403,
      "AccessDeniedException",
      "Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid payment instrument must be provided. Your AWS Marketplace subscription for this model cannot be completed at this time.",
    ),
    callerStatus: 429,
  },
  server: error(500, "InternalServerException", "The system encountered an unexpected error during processing."),
};

export const bedrockConverse: FakeDialect = {
  id: "bedrock-converse",
  basePath: "",
  streamType: "application/vnd.amazon.eventstream",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    members(messages(body).flatMap(content), "image").map((image) => ({
      mediaType: `image/${textOf(at(image, "format"))}`,
      data: textOf(at(image, "source", "bytes")),
    })),
  asksForReasoning: (body) => isThere(at(body, "additionalModelRequestFields", "thinking")),
  readReasoning,
  hasAssistant: (body) => messages(body).some(isAssistant),
  writeWhole,
  writeStream,
  writeBrokenStream: (reply) => [
    ...writeEvents(reply).slice(0, 2),
    eventMessage(
      {
        ":exception-type": "serviceUnavailableException",
        ":content-type": "application/json",
        ":message-type": "exception",
      },
      { message: MIDSTREAM_MESSAGE },
    ),
  ],
  errors,
  writeRefusal: (message) => ({ message }),
  count: () => ({ inputTokens: COUNTED_TOKENS }),
  /** Cohere's models, through InvokeModel: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html */
  embed: (body) => {
    if (!Bun.deepEquals([...list(at(body, "texts"))], [...EMBED_INPUTS]))
      throw new FakeRefusal("expected the two texts of these tests");
    if (textOf(at(body, "input_type")) === "") throw new FakeRefusal("required key [input_type] not found");
    const isTyped = Array.isArray(at(body, "embedding_types"));
    return {
      id: REQUEST_ID,
      texts: EMBED_INPUTS,
      embeddings: isTyped ? { float: EMBED_VECTORS } : EMBED_VECTORS,
      response_type: isTyped ? "embeddings_by_type" : "embeddings_floats",
    };
  },
  rerank: (body) => {
    if (
      at(body, "query") !== RERANK_QUERY ||
      !Bun.deepEquals([...list(at(body, "documents"))], [...RERANK_DOCUMENTS])
    ) {
      throw new FakeRefusal("expected the query and documents of these tests");
    }
    if (at(body, "api_version") !== 2) throw new FakeRefusal("required key [api_version] not found");
    return { results: RERANK_RESULTS.map(({ index, score }) => ({ index, relevance_score: score })) };
  },
};
