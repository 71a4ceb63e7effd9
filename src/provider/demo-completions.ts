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
  splitIntoWords,
  writeDemoText,
} from "./demo-text.ts";

/** POST /v1/completions, streamed or whole. */
export function answerDemoCompletion(body: unknown, isStream: boolean): DemoReply {
  const given = getField(body, "prompt");
  const prompt = typeof given === "string" ? given : asList(given).filter((part) => typeof part === "string")[0];
  if (prompt === undefined) {
    return {
      kind: "error",
      status: 400,
      message: "Expected prompt to be a string or a list of strings.",
      param: "prompt",
    };
  }
  const { text, isCut } = limitWords(writeDemoText(prompt), asCount(getField(body, "max_tokens")));
  const envelope = {
    id: makeDemoId("cmpl-", prompt),
    object: "text_completion",
    created: DEMO_CREATED_S,
    model: asText(getField(body, "model"), "demo"),
  };
  const promptTokens = countDemoTokens(prompt);
  const completionTokens = countDemoTokens(text);
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  const write = (part: string, finishReason: string | null): object => ({
    text: part,
    index: 0,
    logprobs: null,
    finish_reason: finishReason,
  });
  const finishReason = isCut ? "length" : "stop";
  if (!isStream) return { kind: "json", value: { ...envelope, choices: [write(text, finishReason)], usage } };
  const isUsageAsked = getField(getField(body, "stream_options"), "include_usage") === true;
  const frame = (choices: readonly object[], extra: object): string =>
    `data: ${JSON.stringify({ ...envelope, choices, ...extra })}\n\n`;
  const without = isUsageAsked ? { usage: null } : {};
  return {
    kind: "events",
    events: [
      ...splitIntoWords(text).map((word) => frame([write(word, null)], without)),
      frame([write("", finishReason)], without),
      ...(isUsageAsked ? [frame([], { usage })] : []),
      "data: [DONE]\n\n",
    ],
  };
}
