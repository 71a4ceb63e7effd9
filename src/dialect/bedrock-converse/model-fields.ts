/**
 * `additionalModelRequestFields`: what only one maker's models know, in that maker's words.
 * Claude: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
 * Nova: https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
 * OpenAI: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
 */
import { asBoolean, asNumber, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { writeReasoning } from "../anthropic-messages/reasoning.ts";
import { isOnlyToolForced } from "../forced-tool.ts";
import type { NeutralRequest, ReasoningEffort, ReasoningSettings, RequestSettings } from "../neutral.ts";
import { EFFORTS, effortOfBudget, nearestEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { canCallOneAtATime, familyOf } from "./model-family.ts";

type FieldSettings = Pick<
  RequestSettings,
  "topK" | "seed" | "frequencyPenalty" | "presencePenalty" | "parallelToolCalls" | "reasoning"
>;

const THINKING: ReadonlySet<string> = new Set(["type", "budget_tokens", "display"]);
const THREE_EFFORTS: readonly ReasoningEffort[] = ["low", "medium", "high"];
const NO_REASONING: ReasoningSettings = {
  effort: null,
  budgetTokens: null,
  isEnabled: null,
  isAdaptive: null,
  show: null,
};

/** Every Claude that thinks can write at least as much: https://platform.claude.com/docs/en/about-claude/models/overview */
const LEAST_MAX_OUTPUT = 32_000;

/** What of the fields has a neutral word, and the rest. */
export function readModelFields(fields: JsonObject): {
  readonly settings: FieldSettings;
  readonly rest: JsonObject | null;
} {
  const rest: Record<string, Json> = {};
  const known: { -readonly [key in keyof FieldSettings]: FieldSettings[key] } = {
    topK: null,
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    parallelToolCalls: null,
    reasoning: null,
  };
  let reasoning: ReasoningSettings | null = null;
  const say = (said: Partial<ReasoningSettings>): void => {
    reasoning = { ...(reasoning ?? NO_REASONING), ...said };
  };
  /** A number that has a word of its own. */
  const take = (key: string, setting: "topK" | "seed" | "frequencyPenalty" | "presencePenalty"): void => {
    known[setting] = asNumber(fields[key]);
    if (known[setting] === null) rest[key] = fields[key] ?? null;
  };
  for (const key in fields) {
    const value = fields[key];
    const object = asObject(value);
    if (value === undefined) continue;
    if (key === "top_k" || key === "k") take(key, "topK");
    else if (key === "seed") take(key, "seed");
    else if (key === "frequency_penalty") take(key, "frequencyPenalty");
    else if (key === "presence_penalty") take(key, "presencePenalty");
    else if (key === "inferenceConfig" && object !== null) {
      known.topK = asNumber(object["topK"]) ?? known.topK;
      keep(rest, key, restOf(object, new Set(["topK"])));
    } else if (key === "tool_choice" && object !== null) {
      const isOne = asBoolean(object["disable_parallel_tool_use"]);
      if (isOne !== null) known.parallelToolCalls = !isOne;
      // Its `type` says what `toolConfig.toolChoice` says.
      keep(
        rest,
        key,
        restOf(object, new Set(["disable_parallel_tool_use", ...(object["type"] === "auto" ? ["type"] : [])])),
      );
    } else if ((key === "thinking" || key === "reasoning_config") && object !== null) {
      say(readThinking(object));
      keep(rest, key, restOf(object, THINKING));
    } else if ((key === "reasoning_effort" || key === "reasoning_config") && isEffort(value)) say({ effort: value });
    else if (key === "reasoningConfig" && object !== null) {
      const effort = object["maxReasoningEffort"];
      say({
        isEnabled: object["type"] === "enabled" ? true : object["type"] === "disabled" ? false : null,
        ...(isEffort(effort) ? { effort } : {}),
      });
      keep(rest, key, restOf(object, new Set(["type", "maxReasoningEffort"])));
    } else if (key === "output_config" && object !== null && isEffort(object["effort"])) {
      say({ effort: object["effort"] });
      keep(rest, key, restOf(object, new Set(["effort"])));
    } else rest[key] = value;
  }
  known.reasoning = reasoning;
  return { settings: known, rest: Object.keys(rest).length === 0 ? null : rest };
}

function keep(rest: Record<string, Json>, key: string, value: JsonObject | null): void {
  if (value !== null) rest[key] = value;
}

function isEffort(value: Json | undefined): value is ReasoningEffort {
  return (EFFORTS as readonly Json[]).includes(value ?? null);
}

function readThinking(thinking: JsonObject): Partial<ReasoningSettings> {
  const type = asString(thinking["type"]);
  const display = asString(thinking["display"]);
  return {
    budgetTokens: asNumber(thinking["budget_tokens"]),
    isEnabled: type === null ? null : type !== "disabled",
    isAdaptive: type === "adaptive" ? true : null,
    show: display === "omitted" ? "none" : display === "summarized" ? "auto" : null,
  };
}

/** What goes into the fields, and what reasoning means for the rest of the request. */
export type WrittenModelFields = {
  readonly fields: JsonObject | null;
  /** More than the caller asked for, where a budget needs it. */
  readonly maxTokens: number | null;
  /** The model takes no sampling settings, and no forced tool, while it thinks so. */
  readonly isThinking: boolean;
};

/** What surrounds reasoning: whether a tool is forced, and whether a tool loop began without a signed thought. */
export type Surroundings = { readonly isForced: boolean; readonly lacksThinking: boolean };

export function writeModelFields(request: NeutralRequest, target: Target, around: Surroundings): WrittenModelFields {
  const family = familyOf(target.model);
  const fields: Record<string, Json> = {};
  let { maxTokens } = request;
  let isThinking = false;
  const { reasoning } = request;
  if (reasoning !== null && asksForReasoning(reasoning)) {
    if (family === "claude") {
      const room = maxTokens ?? target.quirks.maxOutputTokens ?? LEAST_MAX_OUTPUT;
      const written = writeReasoning({ ...request, maxTokens: room }, target, around);
      if (written.thinking !== null) fields["thinking"] = written.thinking;
      if (written.effort !== null) fields["output_config"] = { effort: written.effort };
      isThinking = written.hasBudget;
      // Where the caller said nothing, Converse's default is the most that the model can write.
      if (isThinking && maxTokens !== null) maxTokens = written.maxTokens;
    } else isThinking = writeEffort(fields, reasoning, target);
    // Nova at its highest effort: "temperature, topP and maxTokens must be unset".
    if (isThinking && family === "nova-2" && maxTokens !== null) {
      target.hint("maxTokens");
      maxTokens = null;
    }
  }
  if (request.topK !== null) {
    if (isThinking) target.cannot("topK", "with thinking the model takes none");
    else if (family === "nova" || family === "nova-2") fields["inferenceConfig"] = { topK: request.topK };
    else fields[family === "cohere" ? "k" : "top_k"] = request.topK;
  }
  for (const [setting, name] of [
    ["seed", "seed"],
    ["frequencyPenalty", "frequency_penalty"],
    ["presencePenalty", "presence_penalty"],
  ] as const) {
    const value = request[setting];
    if (value === null || (value === 0 && setting !== "seed")) continue;
    if (family === "openai") fields[name] = value;
    else target.cannot(setting, "Converse has it for OpenAI's models only");
  }
  if (request.parallelToolCalls === false && request.tools.length > 0) {
    if (canCallOneAtATime(target.model)) {
      // A type of its own would contradict `toolConfig.toolChoice`, and is required where that is not there.
      const hasChoice = request.toolChoice !== null && request.toolChoice.kind !== "none";
      fields["tool_choice"] = { ...(hasChoice ? {} : { type: "auto" }), disable_parallel_tool_use: true };
    } else if (isOnlyToolForced(request)) target.hint("parallelToolCalls");
    else target.cannot("parallelToolCalls", "the model may always call several tools at once");
  }
  return { fields: Object.keys(fields).length === 0 ? null : fields, maxTokens, isThinking };
}

function asksForReasoning({ effort, budgetTokens, isEnabled, isAdaptive }: ReasoningSettings): boolean {
  return effort !== null || budgetTokens !== null || isEnabled !== null || isAdaptive !== null;
}

/** Reasoning of models that take an effort; whether it bounds the sampling settings. */
function writeEffort(fields: Record<string, Json>, reasoning: ReasoningSettings, target: Target): boolean {
  const isOff = reasoning.isEnabled === false || reasoning.effort === "none" || reasoning.budgetTokens === 0;
  const wanted = isOff
    ? "none"
    : (reasoning.effort ?? (reasoning.budgetTokens === null ? "medium" : effortOfBudget(reasoning.budgetTokens)));
  const effort = nearestEffort(wanted, target.quirks.efforts ?? THREE_EFFORTS);
  const family = target.quirks.reasoning === "none" ? "other" : familyOf(target.model);
  switch (family) {
    case "nova-2":
      fields["reasoningConfig"] = isOff ? { type: "disabled" } : { type: "enabled", maxReasoningEffort: effort };
      return !isOff && effort === "high";
    case "openai":
      // It always reasons; the least is the nearest to none.
      fields["reasoning_effort"] = effort;
      return false;
    case "qwen":
      if (!isOff) fields["reasoning_config"] = effort;
      return false;
    default:
      if (target.quirks.reasoning === "effort") fields["reasoning_effort"] = effort;
      else if (!isOff) target.cannot("reasoning", "Converse has no such setting for this model");
      return false;
  }
}
