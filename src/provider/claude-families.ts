import type { ModelFamily } from "./model-family.ts";

const ANTHROPIC = ["anthropic-messages"];
const CLAUDE = ["anthropic-messages", "bedrock-converse"];

/** A Claude model by its version "4-5" or "4", in any order of name and number; a date is no version. */
function claude(names: string, version: string): RegExp {
  const number = version.replace("-", "[-.]");
  const whole = version.includes("-") ? `${number}(?!\\d)` : `${number}(?:[-.]0)?(?![-.]?[1-9](?!\\d)|\\d{1,2}(?!\\d))`;
  return new RegExp(`claude-(?:(?:${names})-${whole}|${number}-(?:${names})(?![a-z]))`);
}

const MODELS = "https://platform.claude.com/docs/en/about-claude/models/overview";
const THINKING = "https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting";
const EFFORT = "https://platform.claude.com/docs/en/build-with-claude/effort";
const SAMPLING_4_5 = "https://platform.claude.com/docs/en/about-claude/models/migrating-to-claude-4";
const STRUCTURED = "https://platform.claude.com/docs/en/build-with-claude/structured-outputs";
const OPUS_5_5 = "https://platform.claude.com/docs/en/models/opus-5-5/whats-new-opus-5-5";
const MID_CONVERSATION = "https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages";

const NO_SAMPLING = ["temperature", "topP", "topK"];
const ALL_EFFORTS = ["low", "medium", "high", "xhigh", "max"];

/** Claude, wherever it is served in its own form or through Bedrock's. */
export const CLAUDE_FAMILIES: readonly ModelFamily[] = [
  // ---- Which output a model can write at most, where max_tokens must be said
  {
    models: /claude-(?:v2|2|instant)|claude-3-(?:opus|sonnet|haiku)/,
    dialects: ANTHROPIC,
    quirks: { maxOutputTokens: 4_096 },
    source: MODELS,
  },
  { models: claude("sonnet|haiku", "3-5"), dialects: ANTHROPIC, quirks: { maxOutputTokens: 8_192 }, source: MODELS },
  { models: claude("opus", "4"), dialects: ANTHROPIC, quirks: { maxOutputTokens: 32_000 }, source: MODELS },
  { models: claude("opus", "4-1"), dialects: ANTHROPIC, quirks: { maxOutputTokens: 32_000 }, source: MODELS },
  { models: claude("opus", "4-[678]"), dialects: ANTHROPIC, quirks: { maxOutputTokens: 128_000 }, source: MODELS },
  {
    models: /claude-(?:opus|sonnet|haiku|fable|mythos)-5|claude-5(?:\.\d)?-/,
    dialects: ANTHROPIC,
    quirks: { maxOutputTokens: 128_000 },
    source: MODELS,
  },
  // 3.7, Sonnet 4 to 4.6, Opus 4.5, Haiku 4.5.
  {
    models: /claude-(?:3[-.]7-sonnet|sonnet-3[-.]7|(?:opus|sonnet|haiku)-4|4(?:\.\d)?-(?:opus|sonnet|haiku))/,
    dialects: ANTHROPIC,
    quirks: { maxOutputTokens: 64_000 },
    source: MODELS,
  },

  // ---- How reasoning is asked for
  {
    models: /claude-(?:v2|2|instant)|claude-3-(?:opus|sonnet|haiku)|claude-3[-.]5|claude-(?:sonnet|haiku)-3[-.]5/,
    dialects: CLAUDE,
    quirks: { reasoning: "none" },
    source: THINKING,
  },
  // Always thinking: the least is the lowest effort.
  {
    models: /claude-(?:(?:fable|mythos)-5|5(?:\.\d)?-(?:fable|mythos))/,
    dialects: CLAUDE,
    quirks: { reasoning: "adaptive", efforts: ALL_EFFORTS },
    source: THINKING,
  },
  {
    models: claude("opus|sonnet", "5-5"),
    dialects: CLAUDE,
    quirks: { reasoning: "adaptive", efforts: ALL_EFFORTS },
    source: OPUS_5_5,
  },
  {
    models: /claude-mythos-preview/,
    dialects: CLAUDE,
    quirks: { reasoning: "adaptive", efforts: ["low", "medium", "high", "max"] },
    source: EFFORT,
  },
  {
    models: /claude-(?:opus|sonnet|haiku)-5|claude-5(?:\.\d)?-|claude-opus-4[-.][78]|claude-4\.[78]-opus/,
    dialects: CLAUDE,
    quirks: { reasoning: "adaptive", efforts: ["none", ...ALL_EFFORTS] },
    source: EFFORT,
  },
  {
    models: claude("opus|sonnet", "4-6"),
    dialects: CLAUDE,
    quirks: { reasoning: "adaptive", efforts: ["none", "low", "medium", "high", "max"] },
    source: EFFORT,
  },
  { models: /claude/, dialects: CLAUDE, quirks: { reasoning: "budget" }, source: THINKING },

  // ---- What of the sampling settings it takes
  {
    models: /claude-(?:(?:opus|sonnet|haiku|fable|mythos)-5|5(?:\.\d)?-|opus-4[-.][78]|4\.[78]-opus)/,
    dialects: CLAUDE,
    quirks: { refuses: NO_SAMPLING },
    source: "https://platform.claude.com/docs/en/about-claude/models/migration-guide",
  },
  {
    models: /claude-(?:opus-4[-.][156]|sonnet-4[-.][56]|haiku-4[-.]5|4\.[156]-(?:opus|sonnet|haiku))(?!\d)/,
    dialects: CLAUDE,
    quirks: { refuses: ["temperature+topP"] },
    source: SAMPLING_4_5,
  },
  {
    models: /claude-(?:opus-5[-.]5|(?:fable|mythos)-5[-.]1)/,
    dialects: CLAUDE,
    quirks: { refuses: ["forcedToolChoice"] },
    source: `${OPUS_5_5}#forced-tool-use-is-not-supported`,
  },

  // ---- Structured outputs: generally available from 4.5 on; older models need the tool
  {
    models:
      /claude-(?:v2|2|3|instant)|claude-(?:sonnet|haiku)-3|claude-(?:opus|sonnet)-4(?:[-.][01])?(?![-.]?[2-9](?!\d))|claude-4(?:\.1)?-(?:opus|sonnet)/,
    dialects: ANTHROPIC,
    quirks: { jsonSchema: "tool" },
    source: STRUCTURED,
  },

  // ---- System messages in mid-conversation; "system" here says that the messages list takes them
  {
    models: /claude-(?:opus-4[-.]8|4\.8-opus|(?:opus|sonnet|haiku|fable|mythos)-5|5(?:\.\d)?-)/,
    dialects: ANTHROPIC,
    quirks: { systemRole: "system" },
    source: MID_CONVERSATION,
  },
];
