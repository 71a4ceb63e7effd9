import { type Json, type JsonObject, asBoolean, asCount, asObject, asString, restOf } from "../../lib/json.ts";
import type { ReasoningEffort, ReasoningSettings } from "../neutral.ts";
import { EFFORTS, budgetOfEffort, effortOfBudget, nearestEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { invalidType, invalidValue } from "../openai-invalid.ts";
import { formOf, withForm } from "./form.ts";

/** Members that say how much a model is to reason, over all servers that speak this dialect. */
export const REASONING_FIELDS = [
  "reasoning_effort",
  "reasoning",
  "thinking",
  "enable_thinking",
  "thinking_budget",
  "chat_template_kwargs",
  "include_reasoning",
] as const;

type Draft = { -readonly [K in keyof ReasoningSettings]: ReasoningSettings[K] };

/** What was read, and members (or what is left of them) that say more than the neutral form has words for. */
export type ReadReasoningSettings = { readonly settings: ReasoningSettings | null; readonly extra: JsonObject | null };

const THINKING: ReadonlySet<string> = new Set(["type", "budget_tokens"]);
const OBJECT: ReadonlySet<string> = new Set(["effort", "max_tokens", "exclude", "enabled"]);
const TEMPLATE: ReadonlySet<string> = new Set(["enable_thinking", "thinking"]);

/**
 * OpenAI's `reasoning_effort`, OpenRouter's `reasoning` (https://openrouter.ai/docs/use-cases/reasoning-tokens), DeepSeek's and Z.ai's
 * `thinking` (https://docs.z.ai/guides/capabilities/thinking-mode), Alibaba's `enable_thinking` and `thinking_budget`
 * (https://www.alibabacloud.com/help/en/model-studio/deep-thinking), vLLM's `chat_template_kwargs`.
 */
export function readReasoning(body: JsonObject): ReadReasoningSettings {
  const draft: Draft = { effort: null, budgetTokens: null, isEnabled: null, isAdaptive: null, show: null };
  const said: Record<string, Json | undefined> = {};
  const extra: Record<string, Json | undefined> = {};
  for (const field of REASONING_FIELDS) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    const rest = readField(field, value, draft);
    if (rest !== value) said[field] = value;
    if (rest !== null) extra[field] = rest;
  }
  const hasSettings = Object.keys(said).length > 0;
  return {
    settings: hasSettings ? withForm(draft, { said: said as JsonObject }) : null,
    extra: Object.keys(extra).length > 0 ? extra : null,
  };
}

/** Reads one member into the draft; gives what of it is left over, null where nothing is. */
function readField(field: (typeof REASONING_FIELDS)[number], value: Json, draft: Draft): Json {
  switch (field) {
    case "reasoning_effort":
      if (typeof value !== "string") throw invalidType(field, "a string", value);
      draft.effort = effortOf(value, field);
      return null;
    case "reasoning": {
      const object = asObject(value);
      if (object === null) throw invalidType(field, "an object", value);
      const effort = asString(object["effort"]);
      if (effort !== null) draft.effort = effortOf(effort, "reasoning.effort");
      draft.budgetTokens ??= asCount(object["max_tokens"]);
      draft.isEnabled ??= asBoolean(object["enabled"]);
      if (object["exclude"] === true) draft.show = "none";
      return restOf(object, OBJECT);
    }
    case "thinking": {
      const object = asObject(value);
      if (object === null) throw invalidType(field, "an object", value);
      const type = object["type"];
      if (type === "enabled" || type === "disabled") draft.isEnabled ??= type === "enabled";
      else if (type === "auto" || type === "adaptive") draft.isAdaptive = true;
      else return value;
      draft.budgetTokens ??= asCount(object["budget_tokens"]);
      return restOf(object, THINKING);
    }
    case "enable_thinking":
      if (typeof value !== "boolean") throw invalidType(field, "a boolean", value);
      draft.isEnabled ??= value;
      return null;
    case "thinking_budget":
      if (typeof value !== "number") throw invalidType(field, "an integer", value);
      draft.budgetTokens ??= value;
      return null;
    case "chat_template_kwargs": {
      const object = asObject(value);
      if (object === null) throw invalidType(field, "an object", value);
      const isEnabled = asBoolean(object["enable_thinking"]) ?? asBoolean(object["thinking"]);
      if (isEnabled === null) return value;
      draft.isEnabled ??= isEnabled;
      return restOf(object, TEMPLATE);
    }
    case "include_reasoning":
      if (value !== false) return value;
      draft.show ??= "none";
      return null;
    default:
      return field satisfies never;
  }
}

function effortOf(value: string, param: string): ReasoningEffort {
  if ((EFFORTS as readonly string[]).includes(value)) return value as ReasoningEffort;
  throw invalidValue(param, value, EFFORTS);
}

/** The members that ask a provider for reasoning, in its own way. */
export function writeReasoning(
  reasoning: ReasoningSettings,
  isOwn: boolean,
  target: Target,
  maxTokens: number | null,
): JsonObject {
  const { quirks } = target;
  if (isOwn && quirks.reasoning === null && quirks.efforts === null) {
    const said = asObject(formOf(reasoning).said);
    if (said !== null) return said;
  }
  switch (quirks.reasoning) {
    case "reasoning-object":
      return writeObject(reasoning, target);
    case "thinking-type": {
      const isOn = isOnOf(reasoning);
      if (isOn === null) return {};
      const effort = isOn && quirks.efforts !== null ? effortFor(reasoning, target) : null;
      return {
        thinking: { type: isOn ? "enabled" : "disabled" },
        ...(effort === null ? {} : { reasoning_effort: effort }),
      };
    }
    case "enable-thinking": {
      const isOn = isOnOf(reasoning);
      if (isOn === null) return {};
      const { effort, budgetTokens } = reasoning;
      const budget = budgetTokens ?? (effort === null ? null : budgetOfEffort(effort, maxTokens));
      return { enable_thinking: isOn, ...(isOn && budget !== null && budget > 0 ? { thinking_budget: budget } : {}) };
    }
    case "chat-template": {
      const isOn = isOnOf(reasoning);
      return isOn === null ? {} : { chat_template_kwargs: { enable_thinking: isOn } };
    }
    case "none":
      if (isOnOf(reasoning) === true) target.cannot("reasoning", "it has no such setting");
      return {};
    default: {
      const effort = effortFor(reasoning, target);
      return effort === null ? {} : { reasoning_effort: effort };
    }
  }
}

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-reasoning_effort: "max" is Anthropic's word. */
const OPENAI_EFFORTS: readonly ReasoningEffort[] = ["none", "minimal", "low", "medium", "high", "xhigh"];

/** Whether reasoning is asked for (true), asked not to be (false), or neither (null). */
function isOnOf({ effort, budgetTokens, isEnabled, isAdaptive }: ReasoningSettings): boolean | null {
  if (isEnabled !== null) return isEnabled;
  if (effort !== null) return effort !== "none";
  if (budgetTokens !== null) return budgetTokens !== 0;
  return isAdaptive === true ? true : null;
}

/**
 * The effort for a provider. Where reasoning is switched off, "none" (or the least) is said only to models that are known to have an
 * effort like it: others refuse the word, and those that do not reason refuse the member.
 */
function effortFor(reasoning: ReasoningSettings, { quirks }: Target): ReasoningEffort | null {
  const known = quirks.efforts ?? OPENAI_EFFORTS;
  const { effort, budgetTokens, isEnabled } = reasoning;
  const isOff = isEnabled === false || (effort === null && budgetTokens === 0);
  if (isOff)
    return quirks.efforts === null ? (effort === "none" ? effort : null) : nearestEffort("none", quirks.efforts);
  const wanted = effort ?? (budgetTokens === null ? null : effortOfBudget(budgetTokens));
  return wanted === null ? null : nearestEffort(wanted, known);
}

function writeObject(reasoning: ReasoningSettings, target: Target): JsonObject {
  const { budgetTokens, isEnabled, show } = reasoning;
  const object: Record<string, Json> = {};
  if (isEnabled === false) object["enabled"] = false;
  else if (reasoning.effort !== null) object["effort"] = nearestEffort(reasoning.effort, target.quirks.efforts);
  // OpenRouter takes one of effort and max_tokens.
  else if (budgetTokens !== null && budgetTokens >= 0) object["max_tokens"] = budgetTokens;
  else if (isOnOf(reasoning) === true) object["enabled"] = true;
  if (show === "none") object["exclude"] = true;
  return Object.keys(object).length === 0 ? {} : { reasoning: object };
}
