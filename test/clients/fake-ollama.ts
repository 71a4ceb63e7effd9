/** A fake of Ollama: https://docs.ollama.com/api. Its answers know neither signatures nor cached tokens. */
import {
  after,
  type Asked,
  type AskedSchema,
  checkMembers,
  type ErrorAnswer,
  type FakeDialect,
  FakeRefusal,
  type FakeRequest,
  type Reply,
  type ReturnedReasoning,
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
} from "./facts.ts";
import { at, isThere, list, textOf } from "./json-path.ts";

const CREATED = "2026-01-02T03:04:05.678901Z";
const CALL_IDS = ["call_exampl01", "call_exampl02"];

const MEMBERS = [
  "model",
  "messages",
  "stream",
  "tools",
  "format",
  "options",
  "think",
  "keep_alive",
  "logprobs",
  "top_logprobs",
];
const MESSAGE_MEMBERS = ["role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"];

const messages = (body: unknown): readonly unknown[] => list(at(body, "messages"));
const isAssistant = (message: unknown): boolean => at(message, "role") === "assistant";

function recognise({ path, body }: FakeRequest): Asked {
  const model = textOf(at(body, "model"));
  if (path === "/api/embed") return { operation: "embed", model, isStream: false };
  if (path !== "/api/chat") throw new FakeRefusal(`no path ${path}`);
  checkMembers("", body, MEMBERS);
  for (const message of messages(body)) {
    checkMembers("messages.", message, MESSAGE_MEMBERS);
    if (!["system", "user", "assistant", "tool"].includes(textOf(at(message, "role")))) {
      throw new FakeRefusal('invalid message role; expected "system", "user", "assistant", or "tool"');
    }
    const content = at(message, "content");
    if (isThere(content) && typeof content !== "string") {
      throw new FakeRefusal(
        "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
      );
    }
  }
  return { operation: "generate", model, isStream: at(body, "stream") !== false };
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
      id: textOf(at(call, "id")) || null,
      name: textOf(at(call, "function", "name")),
      arguments: at(call, "function", "arguments"),
    })),
    results: results
      .filter((message) => at(message, "role") === "tool")
      .map((message) => ({
        id: textOf(at(message, "tool_call_id")) || null,
        name: textOf(at(message, "tool_name")) || null,
        text: textOf(at(message, "content")),
      })),
  };
}

function readSchema(body: unknown): AskedSchema | null {
  const format = at(body, "format");
  return typeof format === "object" && format !== null ? { kind: "field", schema: format } : null;
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const thinking = at(messages(body).findLast(isAssistant), "thinking");
  if (!isThere(thinking)) return null;
  if (thinking !== REASONING_TEXT)
    throw new FakeRefusal(`expected the thinking itself, got ${JSON.stringify(thinking)}`);
  return { text: REASONING_TEXT, signature: null };
}

function writeCalls({ calls }: Reply): object {
  if (calls.length === 0) return {};
  return {
    tool_calls: calls.map((call, index) => ({
      id: CALL_IDS[index],
      function: { index, name: call.name, arguments: call.arguments },
    })),
  };
}

/** What the last line says beside its message. */
function writeEnd({ usage }: Reply): object {
  return {
    done: true,
    done_reason: "stop",
    total_duration: 1_234_567_890,
    load_duration: 123_456_789,
    prompt_eval_count: usage.input,
    prompt_eval_duration: 234_567_890,
    eval_count: usage.output,
    eval_duration: 876_543_210,
  };
}

function writeWhole(reply: Reply, asked: Asked): object {
  return {
    model: asked.model,
    created_at: CREATED,
    message: {
      role: "assistant",
      content: reply.pieces.join(""),
      ...(reply.reasoning ? { thinking: REASONING_TEXT } : {}),
      ...writeCalls(reply),
    },
    ...writeEnd(reply),
  };
}

function writeLine(asked: Asked, message: object, rest: object = { done: false }): string {
  return `${JSON.stringify({ model: asked.model, created_at: CREATED, message: { role: "assistant", ...message }, ...rest })}\n`;
}

function writeLines(reply: Reply, asked: Asked): string[] {
  return [
    ...(reply.reasoning ? REASONING_PIECES.map((thinking) => writeLine(asked, { content: "", thinking })) : []),
    ...reply.pieces.map((content) => writeLine(asked, { content })),
    ...(reply.calls.length === 0 ? [] : [writeLine(asked, { content: "", ...writeCalls(reply) })]),
  ];
}

function error(status: number, message: string, headers: readonly (readonly [string, string])[] = []): ErrorAnswer {
  return { status, callerStatus: status, message, body: { error: message }, headers };
}

const errors: Readonly<Record<ErrorKind, ErrorAnswer>> = {
  authentication: error(401, "unauthorized"),
  permission: error(403, "this model requires a subscription, upgrade for access"),
  "not-found": error(404, "model 'error-not-found' not found"),
  "rate-limit": error(429, "too many concurrent requests", [["retry-after", String(RETRY_AFTER_SECONDS)]]),
  "context-window": error(400, "the input length exceeds the context length"),
  "content-policy": error(400, "the request was refused by the model's content policy"),
  overloaded: error(503, "server busy, please try again.  maximum pending requests exceeded"),
  billing: error(402, "you have used up your credits"),
  server: error(500, "llama runner process has terminated: exit status 2"),
};

export const ollama: FakeDialect = {
  id: "ollama",
  basePath: "",
  streamType: "application/x-ndjson",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    messages(body)
      .flatMap((message) => list(at(message, "images")))
      .map((data) => ({ mediaType: null, data: textOf(data) })),
  asksForReasoning: (body) => isThere(at(body, "think")) && at(body, "think") !== false,
  readReasoning,
  hasAssistant: (body) => messages(body).some(isAssistant),
  writeWhole,
  writeStream: (reply, asked) => [...writeLines(reply, asked), writeLine(asked, { content: "" }, writeEnd(reply))],
  writeBrokenStream: (reply, asked) => [
    ...writeLines(reply, asked),
    `${JSON.stringify({ error: MIDSTREAM_MESSAGE })}\n`,
  ],
  errors,
  writeRefusal: (message) => ({ error: message }),
  embed: (body) => {
    if (!Bun.deepEquals([...list(at(body, "input"))], [...EMBED_INPUTS]))
      throw new FakeRefusal("expected the two texts of these tests");
    return {
      model: "embed",
      embeddings: EMBED_VECTORS,
      total_duration: 14_143_917,
      load_duration: 1_019_500,
      prompt_eval_count: EMBED_TOKENS,
    };
  },
};
