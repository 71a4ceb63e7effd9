/** Fields that may differ when an answer or a request is written back in its own dialect, each with the reason. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Difference } from "./difference.ts";

export type Allowance = {
  readonly subject: "answer" | "stream" | "request";
  readonly path: RegExp;
  /** Only such differences; all where it is left out. */
  readonly when?: (difference: Difference) => boolean;
  readonly reason: string;
};

const isNull = ({ expected, got }: Difference): boolean =>
  (expected === null && got === undefined) || (expected === undefined && got === null);

export const ALLOWANCES: Readonly<Record<DialectId, readonly Allowance[]>> = {
  "openai-chat": [
    {
      subject: "answer",
      path: /\.function\.arguments$/,
      when: ({ expected, got }) => (expected === "" || expected === null) && got === "{}",
      reason: "a function that got no arguments: the neutral form says {}",
    },
    {
      subject: "answer",
      path: /\.tool_calls\[\]\.id$/,
      when: ({ expected }) => expected === "",
      reason: "an empty id is none",
    },
    { subject: "stream", path: /^created$/, reason: "some stamp each chunk, with the time of that chunk" },
    {
      subject: "stream",
      path: /^id$|\.tool_calls\[\]\.id$/,
      when: ({ expected }) => expected === "",
      reason: "an empty id is none, and callers need one",
    },
    {
      subject: "stream",
      path: /\.delta\.role$/,
      when: ({ expected, got }) => expected === undefined && got === "assistant",
      reason: "SDKs need the role that GPUStack leaves out",
    },
    {
      subject: "stream",
      path: /\.tool_calls\[\]\.index$/,
      reason: "calls are numbered anew, from 0",
    },
    {
      subject: "stream",
      path: /\.delta$/,
      when: ({ expected }) => JSON.stringify(expected) === "{}",
      reason: "an empty delta beside the text of a legacy completion",
    },
    {
      subject: "stream",
      path: /\.finish_reason$/,
      when: ({ expected, got }) => (expected === undefined || expected === "") && got === "stop",
      reason: "SDKs need the finish reason that Snowflake leaves out",
    },
    {
      subject: "stream",
      path: /^usage$/,
      when: ({ expected }) => expected === undefined,
      reason: "Groq once said usage in a member of its own only; now both have it",
    },
  ],
  "openai-responses": [
    {
      subject: "stream",
      path: /^(?:response|built|built\.output\[\])\.id$/,
      when: ({ expected, got }) => typeof expected === "string" && typeof got === "string",
      reason: "Copilot and OpenRouter give another id in each event; written back, the first stays",
    },
  ],
  "anthropic-messages": [
    {
      subject: "answer",
      path: /^stop_sequence$/,
      when: isNull,
      reason: "the API always says it, null where there is none; two fixtures of a client library leave it out",
    },
  ],
  gemini: [
    { subject: "request", path: /^model$/, reason: "the model stands in the path" },
    {
      subject: "request",
      path: /^tools$/,
      when: ({ expected, got }) => !Array.isArray(expected) && Array.isArray(got),
      reason: "one object where a list belongs: its servers read it as a list of one",
    },
    {
      subject: "request",
      path: /\.thinkingLevel$/,
      when: ({ expected, got }) => String(expected).toUpperCase() === got,
      reason: "an enum's name: its servers read it in either case",
    },
  ],
  "bedrock-converse": [],
  cohere: [],
  ollama: [
    {
      subject: "stream",
      path: /^created_at$/,
      reason: "each line says when it was written; written back, all say when the answer began",
    },
  ],
};

/** Holds for every dialect. */
const EVERYWHERE: readonly Allowance[] = [
  {
    subject: "stream",
    path: /./,
    when: isNull,
    reason: "a chunk's null says what its absence says",
  },
];

/** Why a difference is allowed; null where it is not. */
export function allowanceFor(
  dialect: DialectId,
  subject: Allowance["subject"],
  difference: Difference,
): Allowance | null {
  for (const allowance of [...EVERYWHERE, ...ALLOWANCES[dialect]]) {
    if (allowance.subject !== subject || !allowance.path.test(difference.path)) continue;
    if (allowance.when?.(difference) !== false) return allowance;
  }
  return null;
}
