/** A fake of OpenAI's responses: https://platform.openai.com/docs/api-reference/responses */
import {
  type Asked,
  type AskedSchema,
  checkMembers,
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
  COUNTED_TOKENS,
  MIDSTREAM_MESSAGE,
  REASONING_PIECES,
  REASONING_TEXT,
  SIGNATURES,
  type UsageFacts,
} from "./facts.ts";
import { OPENAI_ERRORS } from "./fake-openai-chat.ts";
import { at, isThere, list, textOf } from "./json-path.ts";

const ID = "resp_0example1fake2response";
const CREATED = 1_764_000_000;
const REASONING_ID = "rs_0example1fake2reasoning";
const MESSAGE_ID = "msg_0example1fake2message";
const CALL_IDS = ["call_weatherExample0000000", "call_timeExample0000000000"];
const ITEM_IDS = ["fc_0example1fake2weather", "fc_0example1fake2time"];
const ENCRYPTED = SIGNATURES["openai-responses"] as string;

const MEMBERS = [
  "model",
  "input",
  "instructions",
  "stream",
  "stream_options",
  "max_output_tokens",
  "temperature",
  "top_p",
  "top_logprobs",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "include",
  "store",
  "user",
  "metadata",
  "service_tier",
  "truncation",
];

const items = (body: unknown): readonly unknown[] => list(at(body, "input"));
const isAssistant = (item: unknown): boolean =>
  at(item, "role") === "assistant" || ["reasoning", "function_call"].includes(textOf(at(item, "type")));

function recognise({ path, body }: FakeRequest): Asked {
  const model = textOf(at(body, "model"));
  if (path === "/v1/responses/input_tokens") return { operation: "count", model, isStream: false };
  const stored = /^\/v1\/responses\/([^/?]+)/.exec(path);
  if (stored !== null) throw new FakeRefusal(`Response with id '${stored[1]}' not found.`, 404);
  if (path !== "/v1/responses") throw new FakeRefusal(`Invalid URL (POST ${path})`);
  checkMembers("", body, MEMBERS);
  const known = ["message", "function_call", "function_call_output", "reasoning"];
  for (const item of items(body)) {
    const type = textOf(at(item, "type")) || "message";
    if (!known.includes(type)) throw new FakeRefusal(`Invalid value: '${type}' for input.type`);
    // What is not stored comes back by its encrypted content only.
    if (type === "reasoning" && !isThere(at(item, "encrypted_content"))) {
      throw new FakeRefusal(`Item '${textOf(at(item, "id"))}' of type 'reasoning' was provided without its content.`);
    }
  }
  return { operation: "generate", model, isStream: at(body, "stream") === true };
}

function readTools(body: unknown): ToolTurn {
  const ofType = (type: string): readonly unknown[] => items(body).filter((item) => at(item, "type") === type);
  return {
    tools: list(at(body, "tools")).map((tool) => {
      if (at(tool, "type") !== "function") throw new FakeRefusal("Missing required parameter: 'tools[0].type'");
      if (at(tool, "function") !== undefined) throw new FakeRefusal("Missing required parameter: 'tools[0].name'.");
      return { name: textOf(at(tool, "name")), parameters: at(tool, "parameters") };
    }),
    calls: ofType("function_call").map((call) => ({
      id: textOf(at(call, "call_id")),
      name: textOf(at(call, "name")),
      arguments: parseArguments(at(call, "arguments")),
    })),
    results: ofType("function_call_output").map((result) => ({
      id: textOf(at(result, "call_id")),
      name: null,
      text: readOutput(at(result, "output")),
    })),
  };
}

function readOutput(output: unknown): string {
  if (typeof output === "string") return output;
  return list(output)
    .map((part) => textOf(at(part, "text")))
    .join("");
}

function readSchema(body: unknown): AskedSchema | null {
  const format = at(body, "text", "format");
  if (at(format, "type") !== "json_schema") return null;
  if (textOf(at(format, "name")) === "") throw new FakeRefusal("Missing required parameter: 'text.format.name'.");
  return { kind: "field", schema: at(format, "schema") };
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const item = items(body).find((each) => at(each, "type") === "reasoning");
  if (item === undefined) return null;
  const text = list(at(item, "summary"))
    .map((part) => textOf(at(part, "text")))
    .join("");
  if (text !== REASONING_TEXT) throw new FakeRefusal(`expected the summary itself, got ${JSON.stringify(item)}`);
  return { text, signature: textOf(at(item, "encrypted_content")) };
}

function writeUsage({ input, output, cached, reasoning }: UsageFacts): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

/** The response object with every member the API shows. */
function writeResponse(
  status: string,
  output: readonly object[],
  usage: object | null,
  asked: Asked,
  body: unknown,
): object {
  return {
    id: ID,
    object: "response",
    created_at: CREATED,
    status,
    background: false,
    completed_at: status === "completed" ? CREATED + 1 : null,
    error: null,
    incomplete_details: null,
    instructions: at(body, "instructions") ?? null,
    max_output_tokens: at(body, "max_output_tokens") ?? null,
    max_tool_calls: null,
    model: asked.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    prompt_cache_retention: null,
    reasoning: { effort: at(body, "reasoning", "effort") ?? null, summary: at(body, "reasoning", "summary") ?? null },
    safety_identifier: null,
    service_tier: "default",
    store: at(body, "store") ?? true,
    temperature: 1,
    text: { format: at(body, "text", "format") ?? { type: "text" }, verbosity: "medium" },
    tool_choice: at(body, "tool_choice") ?? "auto",
    tools: at(body, "tools") ?? [],
    top_logprobs: 0,
    top_p: 1,
    truncation: "disabled",
    usage,
    user: null,
    metadata: {},
  };
}

/** The encrypted content is there only for those who ask for it. */
function reasoningItem(isDone: boolean, body: unknown): object {
  const summary = isDone ? [{ type: "summary_text", text: REASONING_TEXT }] : [];
  const isAsked = list(at(body, "include")).includes("reasoning.encrypted_content");
  return {
    id: REASONING_ID,
    type: "reasoning",
    ...(isAsked ? { encrypted_content: isDone ? ENCRYPTED : "" } : {}),
    summary,
  };
}

function messageItem(text: string | null): object {
  const content = text === null ? [] : [textPart(text)];
  const status = text === null ? "in_progress" : "completed";
  return { id: MESSAGE_ID, type: "message", status, content, role: "assistant" };
}

function textPart(text: string): object {
  return { type: "output_text", annotations: [], logprobs: [], text };
}

function callItem(index: number, name: string, given: string | null): object {
  return {
    id: ITEM_IDS[index],
    type: "function_call",
    status: given === null ? "in_progress" : "completed",
    arguments: given ?? "",
    call_id: CALL_IDS[index],
    name,
  };
}

function writeItems({ reasoning, pieces, calls }: Reply, body: unknown): object[] {
  return [
    ...(reasoning ? [reasoningItem(true, body)] : []),
    ...(pieces.length === 0 ? [] : [messageItem(pieces.join(""))]),
    ...calls.map((call, index) => callItem(index, call.name, JSON.stringify(call.arguments))),
  ];
}

/** Numbers the events of one stream. */
class EventList {
  readonly events: string[] = [];

  add(type: string, fields: object): void {
    this.events.push(sse({ type, ...fields, sequence_number: this.events.length }, type));
  }
}

function writeEvents(reply: Reply, asked: Asked, body: unknown, isBroken: boolean): string[] {
  const out = new EventList();
  out.add("response.created", { response: writeResponse("in_progress", [], null, asked, body) });
  out.add("response.in_progress", { response: writeResponse("in_progress", [], null, asked, body) });
  let outputIndex = 0;
  if (reply.reasoning) addReasoning(out, outputIndex++, body);
  if (reply.pieces.length > 0) addMessage(out, outputIndex++, reply.pieces, isBroken);
  if (isBroken) {
    out.add("error", { code: "server_error", message: MIDSTREAM_MESSAGE, param: null });
    return out.events;
  }
  for (const [index, call] of reply.calls.entries()) {
    addCall(out, outputIndex++, index, call.name, JSON.stringify(call.arguments));
  }
  const response = writeResponse("completed", writeItems(reply, body), writeUsage(reply.usage), asked, body);
  out.add("response.completed", { response });
  return out.events;
}

function addReasoning(out: EventList, output_index: number, body: unknown): void {
  const place = { item_id: REASONING_ID, output_index, summary_index: 0 };
  out.add("response.output_item.added", { output_index, item: reasoningItem(false, body) });
  out.add("response.reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } });
  for (const delta of REASONING_PIECES) out.add("response.reasoning_summary_text.delta", { ...place, delta });
  out.add("response.reasoning_summary_text.done", { ...place, text: REASONING_TEXT });
  out.add("response.reasoning_summary_part.done", { ...place, part: { type: "summary_text", text: REASONING_TEXT } });
  out.add("response.output_item.done", { output_index, item: reasoningItem(true, body) });
}

function addMessage(out: EventList, output_index: number, pieces: readonly string[], isBroken: boolean): void {
  const place = { item_id: MESSAGE_ID, output_index, content_index: 0 };
  const text = pieces.join("");
  out.add("response.output_item.added", { output_index, item: messageItem(null) });
  out.add("response.content_part.added", { ...place, part: textPart("") });
  for (const delta of pieces) out.add("response.output_text.delta", { ...place, delta, logprobs: [] });
  if (isBroken) return;
  out.add("response.output_text.done", { ...place, text, logprobs: [] });
  out.add("response.content_part.done", { ...place, part: textPart(text) });
  out.add("response.output_item.done", { output_index, item: messageItem(text) });
}

function addCall(out: EventList, output_index: number, index: number, name: string, given: string): void {
  const place = { item_id: ITEM_IDS[index], output_index };
  out.add("response.output_item.added", { output_index, item: callItem(index, name, null) });
  for (const delta of halves(given)) out.add("response.function_call_arguments.delta", { ...place, delta });
  out.add("response.function_call_arguments.done", { ...place, arguments: given });
  out.add("response.output_item.done", { output_index, item: callItem(index, name, given) });
}

export const openaiResponses: FakeDialect = {
  id: "openai-responses",
  basePath: "/v1",
  streamType: "text/event-stream; charset=utf-8",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    items(body)
      .flatMap((item) => list(at(item, "content")))
      .filter((part) => at(part, "type") === "input_image")
      .map((part) => readDataUrl(at(part, "image_url"))),
  asksForReasoning: (body) => isThere(at(body, "reasoning", "effort")),
  readReasoning,
  hasAssistant: (body) => items(body).some(isAssistant),
  writeWhole: (reply, asked, body) =>
    writeResponse("completed", writeItems(reply, body), writeUsage(reply.usage), asked, body),
  writeStream: (reply, asked, body) => writeEvents(reply, asked, body, false),
  writeBrokenStream: (reply, asked, body) => writeEvents(reply, asked, body, true),
  errors: OPENAI_ERRORS,
  writeRefusal: (message) => ({ error: { message, type: "invalid_request_error", param: null, code: null } }),
  count: () => ({ object: "response.input_tokens", input_tokens: COUNTED_TOKENS }),
};
