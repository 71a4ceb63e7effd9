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

type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string };

type Choice =
  | { readonly kind: "text"; readonly text: string; readonly finishReason: "stop" | "length" }
  | { readonly kind: "tool-call"; readonly call: ToolCall };

/** POST /v1/chat/completions, streamed or whole; calls a tool when one is there and asked for. */
export function answerDemoChat(body: unknown, isStream: boolean): DemoReply {
  const messages = asList(getField(body, "messages"));
  if (messages.length === 0) {
    const message = "Expected messages to be a list with at least one message.";
    return { kind: "error", status: 400, message, param: "messages" };
  }
  const choice = chooseAnswer(body, messages);
  const prompt = messages.map((message) => readContentText(getField(message, "content"))).join("\n");
  const seed = JSON.stringify([getField(body, "model"), prompt]);
  const envelope = {
    id: makeDemoId("chatcmpl-", seed),
    created: DEMO_CREATED_S,
    model: asText(getField(body, "model"), "demo"),
    system_fingerprint: "fp_demo",
  };
  const usage = countUsage(prompt, choice.kind === "text" ? choice.text : choice.call.arguments);
  if (isStream) {
    const isUsageAsked = getField(getField(body, "stream_options"), "include_usage") === true;
    return { kind: "events", events: writeEvents(envelope, choice, isUsageAsked ? usage : null) };
  }
  const message =
    choice.kind === "text"
      ? { role: "assistant", content: choice.text, refusal: null }
      : { role: "assistant", content: null, refusal: null, tool_calls: [writeToolCall(choice.call)] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReasonOf(choice) }];
  return { kind: "json", value: { ...envelope, object: "chat.completion", choices, usage } };
}

function chooseAnswer(body: unknown, messages: readonly unknown[]): Choice {
  const last = messages.at(-1);
  const said = readContentText(getField(last, "content"));
  if (getField(last, "role") === "tool") return limitText(`The tool answered: ${writeDemoText(said)}`, body);
  const tool = chooseTool(body, said);
  if (tool !== null) {
    const call = {
      id: makeDemoId("call_", said),
      name: asText(getField(tool, "name"), "tool"),
      arguments: JSON.stringify(sampleFromSchema(getField(tool, "parameters"), said)),
    };
    return { kind: "tool-call", call };
  }
  const format = getField(body, "response_format");
  switch (getField(format, "type")) {
    case "json_schema":
      return limitText(
        JSON.stringify(sampleFromSchema(getField(getField(format, "json_schema"), "schema"), said)),
        body,
      );
    case "json_object":
      return limitText(JSON.stringify({ demo: true, you_said: said.slice(0, 2000) }), body);
    default:
      return limitText(writeDemoText(said), body);
  }
}

function limitText(whole: string, body: unknown): Choice {
  const maxTokens = asCount(getField(body, "max_completion_tokens")) ?? asCount(getField(body, "max_tokens"));
  const { text, isCut } = limitWords(whole, maxTokens);
  return { kind: "text", text, finishReason: isCut ? "length" : "stop" };
}

/** The function to call: the one tool_choice names, else the first where a call is required or the text asks for it. */
function chooseTool(body: unknown, said: string): unknown {
  const functions = asList(getField(body, "tools"))
    .map((tool) => getField(tool, "function"))
    .filter((each) => each !== undefined);
  const toolChoice = getField(body, "tool_choice");
  const named = getField(getField(toolChoice, "function"), "name");
  if (named !== undefined) return functions.find((each) => getField(each, "name") === named) ?? null;
  const isAsked = toolChoice === "required" || (toolChoice !== "none" && /\buse (the|a) tool\b/i.test(said));
  return isAsked ? (functions[0] ?? null) : null;
}

function writeEvents(envelope: object, choice: Choice, usage: object | null): readonly string[] {
  const write = (choices: readonly object[], extra: object): string =>
    `data: ${JSON.stringify({ ...envelope, object: "chat.completion.chunk", choices, ...extra })}\n\n`;
  // Where usage was asked for, every other event says it has none (stream_options, API reference).
  const extra = usage === null ? {} : { usage: null };
  const delta = (part: object, finishReason: string | null = null): string =>
    write([{ index: 0, delta: part, logprobs: null, finish_reason: finishReason }], extra);
  return [
    ...(choice.kind === "text"
      ? [
          delta({ role: "assistant", content: "", refusal: null }),
          ...splitIntoWords(choice.text).map((content) => delta({ content })),
        ]
      : [
          delta({
            role: "assistant",
            content: null,
            tool_calls: [{ index: 0, ...writeToolCall({ ...choice.call, arguments: "" }) }],
          }),
          ...(choice.call.arguments.match(/.{1,16}/gsu) ?? []).map((part) =>
            delta({ tool_calls: [{ index: 0, function: { arguments: part } }] }),
          ),
        ]),
    delta({}, finishReasonOf(choice)),
    ...(usage === null ? [] : [write([], { usage })]),
    "data: [DONE]\n\n",
  ];
}

function finishReasonOf(choice: Choice): string {
  return choice.kind === "text" ? choice.finishReason : "tool_calls";
}

function writeToolCall(call: ToolCall): object {
  return { id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } };
}

function countUsage(prompt: string, answer: string): object {
  const promptTokens = countDemoTokens(prompt);
  const completionTokens = countDemoTokens(answer);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}
