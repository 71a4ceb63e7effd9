/** Where our translation of a golden differs from the recorded one: what means nothing, and why ours is right, or as right. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Json } from "../../../src/lib/json.ts";
import type { Golden } from "./read-goldens.ts";

export type FieldDifference = {
  readonly golden: Golden;
  readonly path: string;
  readonly expected: Json | undefined;
  readonly got: Json | undefined;
};

type Rule = {
  readonly kinds: readonly Golden["kind"][];
  readonly to?: readonly DialectId[];
  readonly path: RegExp;
  readonly when?: (difference: FieldDifference) => boolean;
  readonly reason: string;
};

const REQUEST: readonly Golden["kind"][] = ["request"];
const ANSWER: readonly Golden["kind"][] = ["response", "stream"];

/** Whether the caller's request limits the answer's length itself. */
function saysMaxTokens({ golden }: FieldDifference): boolean {
  if (golden.kind !== "request") return false;
  const { input } = golden;
  const settings = { ...input, ...(input["generationConfig"] as object | undefined) };
  return ["max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"].some((key) => key in settings);
}

/** Neither the caller's words nor the model's: defaults and names of one translator. Not counted. */
const MEANINGLESS: readonly Rule[] = [
  {
    kinds: REQUEST,
    to: ["openai-responses"],
    path: /^store$/,
    reason: "we ask providers to keep nothing unless the caller says so",
  },
  {
    kinds: REQUEST,
    to: ["openai-responses"],
    path: /^include\[/,
    reason: "we ask for encrypted reasoning, so that the next turn can have it",
  },
  {
    kinds: REQUEST,
    to: ["anthropic-messages"],
    path: /^max_tokens$/,
    when: (difference) => !saysMaxTokens(difference),
    reason: "the API demands a limit and the caller gave none: the model's own, or that translator's 4096",
  },
  {
    kinds: REQUEST,
    path: /\.strict$/,
    when: ({ expected, got }) => expected !== true && got !== true,
    reason: "not strict, said or unsaid",
  },
  {
    kinds: REQUEST,
    path: /(?:json_schema\.name|format\.name|responseJsonSchema\.title|jsonSchema\.name)$/,
    reason: "the schema has no name in the caller's API: made up",
  },
  {
    kinds: REQUEST,
    path: /^(?:tool_choice\.name|tools\[\d+\]\.(?:name|description))$/,
    when: ({ golden }) => golden.name.startsWith("textFormatJsonObject"),
    reason: "the tool through which JSON is asked for: its name and words are made up",
  },
  {
    kinds: REQUEST,
    to: ["gemini"],
    path: /\.function(?:Call|Response)\.id$/,
    reason: "Gemini's ids of calls may be left out",
  },
  {
    kinds: ANSWER,
    path: /(?:^|\.)service_?[tT]ier$/,
    reason: "how the provider ran it, in its own words: not the caller's tier",
  },
  {
    kinds: ANSWER,
    path: /^(?:object|type|role|status)$/,
    when: ({ expected, got }) => expected === undefined || got === undefined,
    reason: "the same in every answer",
  },
];

/** Ours is right, or as right. */
const REASONS: readonly Rule[] = [
  // ---- Requests
  {
    kinds: REQUEST,
    to: ["anthropic-messages", "bedrock-converse"],
    path: /(?:thinking\.(?:type|budget_tokens)|output_config\.effort)$/,
    reason: "models with adaptive thinking take an effort; budgets are another share of the limit",
  },
  {
    kinds: REQUEST,
    to: ["openai-chat", "openai-responses"],
    path: /^(?:reasoning\.effort|reasoning_effort)$/,
    reason: "reasoning that the caller switched off is switched off here too, as far as the model can",
  },
  {
    kinds: REQUEST,
    path: /^(?:reasoning\.summary|thinking\.display)$/,
    reason: "a caller that asks to see the thoughts is shown them",
  },
  {
    kinds: REQUEST,
    to: ["gemini"],
    path: /thinkingLevel$/,
    reason: "reasoning that the caller switched off is the least that the model can",
  },
  {
    kinds: REQUEST,
    path: /\.additionalProperties$/,
    when: ({ golden, got }) => golden.from === "gemini" || got === undefined,
    reason: "the caller's schema does not say it, and nothing is asked strictly",
  },
  {
    kinds: REQUEST,
    path: /exclusiveMinimum$|\.description$/,
    reason: "what a schema demands is kept, in words where the API refuses the keyword",
  },
  {
    kinds: REQUEST,
    to: ["openai-responses", "openai-chat"],
    path: /^(?:metadata\.user_id|user|safety_identifier)$/,
    reason: "Anthropic's metadata.user_id is OpenAI's user",
  },
  {
    kinds: REQUEST,
    to: ["anthropic-messages", "gemini", "bedrock-converse"],
    path: /^service_?[tT]ier/,
    reason: "a tier is named by the target's own word, and left out (with its name) where it has none",
  },
  {
    kinds: REQUEST,
    to: ["openai-responses"],
    path: /^input\[\d+\]\.name$/,
    reason: "a call's output has no name in this API",
  },
  {
    kinds: REQUEST,
    to: ["openai-responses", "openai-chat"],
    path: /user_location/,
    reason: "a place is told by city and country, which both APIs know",
  },
  {
    kinds: REQUEST,
    to: ["openai-responses"],
    path: /^tools\[\d+\]/,
    when: ({ golden }) => golden.name === "responsesToolSearchInputParam",
    reason: "tools of one provider's own are not carried into another API",
  },
  {
    kinds: REQUEST,
    to: ["openai-responses"],
    path: /^input\[\d+\]/,
    when: ({ golden }) => golden.name.includes("ReasoningSignatures"),
    reason: "encrypted reasoning stands in chat completions in no documented member",
  },
  {
    kinds: REQUEST,
    to: ["bedrock-converse"],
    path: /^(?:outputConfig|additionalModel|requestMetadata|system|messages|toolConfig|serviceTier|inferenceConfig)/,
    when: ({ expected }) => expected === undefined,
    reason: "the other translator leaves out what Converse can say",
  },
  {
    kinds: REQUEST,
    to: ["gemini"],
    path: /inlineData\.data$/,
    reason: "inline data is base64, text too",
  },
  { kinds: REQUEST, to: ["gemini"], path: /mimeType$/, reason: "the registered name: audio/mpeg" },
  {
    kinds: REQUEST,
    to: ["gemini"],
    path: /^(?:generationConfig\.(?:responseLogprobs|logprobs|frequencyPenalty|presencePenalty|seed|responseModalities|responseMimeType|topK|candidateCount))/,
    when: ({ expected, got }) => expected === undefined || got === "text/plain" || expected === "text/plain",
    reason: "the API has it, or says it by default",
  },
  {
    kinds: REQUEST,
    to: ["gemini"],
    path: /thoughtSignature$/,
    reason: "a signature that is not Google's own is never shown to it",
  },
  {
    kinds: REQUEST,
    to: ["openai-chat"],
    path: /^modalities\[/,
    reason: "what the caller asked the answer to be made of",
  },
  {
    kinds: REQUEST,
    to: ["bedrock-converse"],
    path: /^messages\[\d+\]\.content/,
    when: ({ golden }) => golden.name.includes("CacheControl"),
    reason: "a cache hint stands as a block of its own, behind the one it belongs to",
  },
  { kinds: REQUEST, path: /^seed$/, when: ({ expected }) => expected === undefined, reason: "the API has it" },
  // ---- Answers
  {
    kinds: ANSWER,
    path: /^said\[\d+\]\.calls/,
    when: ({ golden }) => /webSearch|codeInterpreter|toolSearch|ToolSearch|codeExecution/.test(golden.name),
    reason: "what the provider ran by itself is no call for the caller to run",
  },
  {
    kinds: ANSWER,
    path: /^(?:said\[\d+\]\.finish|ends\[\d+\]|stop_reason|status|stopReason)$/,
    when: ({ golden, got }) =>
      /webSearch|codeInterpreter|toolSearch|ToolSearch|codeExecution/.test(golden.name) ||
      ["tool-calls", "tool_calls", "tool_use"].includes(String(got)),
    reason: "an answer that calls the caller's tools ends with the calls, and no other does",
  },
  {
    kinds: ANSWER,
    to: ["gemini", "openai-chat"],
    path: /^(?:said\[\d+\]\.(?:calls|text|finish)|ends)/,
    when: ({ golden }) => golden.name.startsWith("textFormatJson"),
    reason: "the request is not at hand: that the tool stood for JSON output, the translation of the request knows",
  },
  {
    kinds: ANSWER,
    path: /^incomplete_details\.reason$/,
    reason: "an incomplete response says why",
  },
  {
    kinds: ["stream"],
    to: ["openai-chat"],
    path: /^(?:said|ends)\[/,
    when: ({ golden }) => golden.from === "anthropic-messages" || golden.from === "bedrock-converse",
    reason: "the other translator numbers choices by content block, and has a form of its own for reasoning",
  },
  {
    kinds: ["stream"],
    path: /^(?:usage|said\[\d+\]\.finish|ends\[|stop_reason|incomplete_details|status)/,
    when: ({ got }) => got === undefined || got === null,
    reason: "the recorded stream breaks off before its end: ours says no end and no final count",
  },
  {
    kinds: ["stream"],
    to: ["openai-chat", "openai-responses", "anthropic-messages"],
    path: /^said\[\d+\]\.reasoning$/,
    when: ({ expected }) => expected === undefined,
    reason: "the other translator has a form of its own for reasoning",
  },
  // ---- What the other translator refuses
  {
    kinds: ["unsupported"],
    path: /^/,
    when: ({ golden }) => /ReasoningSignatures|ThoughtSignature/.test(golden.name),
    reason:
      "a signature of another provider's is not shown to it: the reasoning is left out and comes back to its own on the next turn",
  },
  {
    kinds: ["unsupported"],
    path: /^/,
    when: ({ golden }) =>
      /^(?:serviceTierParam|temperatureParam|reasoningRequestTruncated|documentContentParam|webSearchToolParam|imageUrlMimeTypeFallbackParam)$/.test(
        golden.name,
      ),
    reason: "our request is one that the target takes",
  },
  {
    kinds: ["unsupported"],
    path: /^/,
    when: ({ golden }) => /BackedVideoFile|BackedAudioFile/.test(golden.name),
    reason: "a link to a file is passed on as one; the target says whether it can open it",
  },
];

/** Why a field is not counted; null where it is. */
export function meaninglessBecause(difference: FieldDifference): string | null {
  return find(MEANINGLESS, difference);
}

/** Why ours is right, or as right; null where there is no reason. */
export function reasonFor(difference: FieldDifference): string | null {
  return find(REASONS, difference);
}

function find(rules: readonly Rule[], difference: FieldDifference): string | null {
  const { golden, path } = difference;
  for (const { kinds, to, path: pattern, when, reason } of rules) {
    if (!kinds.includes(golden.kind) || to?.includes(golden.to) === false || !pattern.test(path)) continue;
    if (when?.(difference) !== false) return reason;
  }
  return null;
}
