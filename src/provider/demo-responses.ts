import type { DemoReply } from "./demo-answer.ts";
import {
  asCount,
  asList,
  asText,
  countDemoTokens,
  DEMO_CREATED_S,
  getField,
  limitWords,
  makeDemoId,
  readContentText,
  sampleFromSchema,
  splitIntoWords,
  writeDemoText,
} from "./demo-text.ts";

type Item = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;
type Frame = (type: string, fields: object) => string;

/** POST /v1/responses, streamed in the order of the real API's events, or whole. */
export function answerDemoResponse(body: unknown, isStream: boolean): DemoReply {
  const input = getField(body, "input");
  if (typeof input !== "string" && !Array.isArray(input)) {
    return { kind: "error", status: 400, message: "Expected input to be a text or a list of items.", param: "input" };
  }
  const said = readLastText(input);
  const tool = chooseTool(body, input, said);
  const { text, isCut } = limitWords(writeDemoText(said), asCount(getField(body, "max_output_tokens")));
  const seed = JSON.stringify(input);
  const item = tool === null ? makeMessage(seed, text, isCut) : makeFunctionCall(seed, tool, said);
  const answerText = tool === null ? text : String(item["arguments"]);
  const inputTokens = countDemoTokens(typeof input === "string" ? input : seed);
  const outputTokens = countDemoTokens(answerText);
  const usage = {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
  const begun = makeEnvelope(body, seed);
  const ended = {
    ...begun,
    status: isCut && tool === null ? "incomplete" : "completed",
    incomplete_details: isCut && tool === null ? { reason: "max_output_tokens" } : null,
    output: [item],
    usage,
  };
  if (!isStream) return { kind: "json", value: ended };
  let sequence = 0;
  const frame: Frame = (type, fields) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;
  return {
    kind: "events",
    events: [
      frame("response.created", { response: begun }),
      frame("response.in_progress", { response: begun }),
      ...(tool === null ? writeMessageEvents(frame, item, text) : writeCallEvents(frame, item, answerText)),
      frame(`response.${ended.status}`, { response: ended }),
    ],
  };
}

function makeEnvelope(body: unknown, seed: string): object {
  return {
    id: makeDemoId("resp_", seed),
    object: "response",
    created_at: DEMO_CREATED_S,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: getField(body, "instructions") ?? null,
    max_output_tokens: asCount(getField(body, "max_output_tokens")),
    model: asText(getField(body, "model"), "demo"),
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: getField(body, "tool_choice") ?? "auto",
    tools: asList(getField(body, "tools")),
    top_p: 1,
    truncation: "disabled",
    usage: null,
    metadata: {},
  };
}

function makeMessage(seed: string, text: string, isCut: boolean): Item {
  return {
    id: makeDemoId("msg_", seed),
    type: "message",
    status: isCut ? "incomplete" : "completed",
    role: "assistant",
    content: [makeTextPart(text)],
  };
}

function makeTextPart(text: string): object {
  return { type: "output_text", annotations: [], logprobs: [], text };
}

function makeFunctionCall(seed: string, tool: unknown, said: string): Item {
  return {
    id: makeDemoId("fc_", seed),
    type: "function_call",
    status: "completed",
    call_id: makeDemoId("call_", seed),
    name: asText(getField(tool, "name"), "tool"),
    arguments: JSON.stringify(sampleFromSchema(getField(tool, "parameters"), said)),
  };
}

function writeMessageEvents(frame: Frame, item: Item, text: string): readonly string[] {
  const place = { item_id: item.id, output_index: 0, content_index: 0 };
  return [
    frame("response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", content: [] } }),
    frame("response.content_part.added", { ...place, part: makeTextPart("") }),
    ...splitIntoWords(text).map((delta) => frame("response.output_text.delta", { ...place, delta, logprobs: [] })),
    frame("response.output_text.done", { ...place, text, logprobs: [] }),
    frame("response.content_part.done", { ...place, part: makeTextPart(text) }),
    frame("response.output_item.done", { output_index: 0, item }),
  ];
}

function writeCallEvents(frame: Frame, item: Item, args: string): readonly string[] {
  const place = { item_id: item.id, output_index: 0 };
  return [
    frame("response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", arguments: "" } }),
    ...(args.match(/.{1,16}/gsu) ?? []).map((delta) =>
      frame("response.function_call_arguments.delta", { ...place, delta }),
    ),
    frame("response.function_call_arguments.done", { ...place, name: item["name"], arguments: args }),
    frame("response.output_item.done", { output_index: 0, item }),
  ];
}

function chooseTool(body: unknown, input: unknown, said: string): unknown {
  const functions = asList(getField(body, "tools")).filter((tool) => getField(tool, "type") === "function");
  if (getField(asList(input).at(-1), "type") === "function_call_output") return null;
  const choice = getField(body, "tool_choice");
  const named = getField(choice, "name");
  if (named !== undefined) return functions.find((tool) => getField(tool, "name") === named) ?? null;
  const isAsked = choice === "required" || (choice !== "none" && /\buse (the|a) tool\b/i.test(said));
  return isAsked ? (functions[0] ?? null) : null;
}

function readLastText(input: unknown): string {
  if (typeof input === "string") return input;
  const last = asList(input).at(-1);
  return readContentText(getField(last, "content") ?? getField(last, "output"));
}
