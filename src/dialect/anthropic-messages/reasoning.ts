import { asBoolean, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralRequest, ReasoningEffort, ReasoningSettings } from "../neutral.ts";
import { budgetOfEffort, effortOfBudget, nearestEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { refuse } from "./refuse.ts";

/** The least budget the API takes: https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
const MIN_BUDGET = 1_024;
/** What `max_tokens` is where neither the caller nor the model's data says anything. */
const DEFAULT_MAX_TOKENS = 4_096;
const NATIVE_EFFORTS: ReadonlySet<string> = new Set(["low", "medium", "high", "xhigh", "max"]);
/** Efforts of `output_config`: https://platform.claude.com/docs/en/build-with-claude/effort */
const EFFORTS = ["none", "low", "medium", "high", "xhigh", "max"] as const;

const THINKING = new Set(["type", "budget_tokens", "display"]);
const OUTPUT_CONFIG = new Set(["effort", "format"]);
const TYPES: ReadonlySet<string> = new Set(["enabled", "adaptive", "disabled"]);

export type ReadReasoning = {
  readonly reasoning: ReasoningSettings | null;
  /** Members of `thinking` and `output_config` with no word of their own. */
  readonly restOfThinking: JsonObject | null;
  readonly restOfOutputConfig: JsonObject | null;
};

/** `thinking` and `output_config.effort` together. */
export function readReasoning(body: JsonObject): ReadReasoning {
  const thinking = readObject(body, "thinking");
  const config = readObject(body, "output_config");
  const type = asString(thinking?.["type"]);
  if (thinking !== null && type === null) throw refuse("thinking.type", "Field required");
  const isKnown = type !== null && TYPES.has(type);
  const budget = thinking?.["budget_tokens"];
  if (type === "enabled" && typeof budget !== "number")
    throw refuse("thinking.enabled.budget_tokens", "Field required");
  const effort = asString(config?.["effort"]);
  const display = asString(thinking?.["display"]);
  const said: ReasoningSettings = {
    effort: effort !== null && NATIVE_EFFORTS.has(effort) ? (effort as ReasoningEffort) : null,
    budgetTokens: typeof budget === "number" ? budget : null,
    isEnabled: isKnown ? type !== "disabled" : null,
    isAdaptive: type === "adaptive" ? true : null,
    show: display === "omitted" ? "none" : display === "summarized" ? "auto" : null,
  };
  return {
    reasoning: Object.values(said).some((value) => value !== null) ? said : null,
    restOfThinking: isKnown ? keepNulls(thinking, THINKING, ["display"]) : thinking,
    restOfOutputConfig: keepNulls(config, OUTPUT_CONFIG, ["effort", "format"]),
  };
}

function readObject(body: JsonObject, key: string): JsonObject | null {
  const value = body[key];
  if (value === undefined || value === null) return null;
  const object = asObject(value);
  if (object === null) throw refuse(key, "Input should be an object");
  return object;
}

/** The unknown members, and the known ones that say null in so many words. */
function keepNulls(object: JsonObject | null, known: ReadonlySet<string>, keys: readonly string[]): JsonObject | null {
  if (object === null) return null;
  let rest = restOf(object, known);
  for (const key of keys) if (object[key] === null) rest = { ...rest, [key]: null };
  return rest;
}

export type WrittenReasoning = {
  readonly thinking: JsonObject | null;
  readonly effort: string | null;
  readonly maxTokens: number;
  /** Whether the model will think with a budget, which bounds the sampling settings. */
  readonly hasBudget: boolean;
};

/** What the rest of the request says that thinking depends on. */
export type ReasoningSurroundings = {
  /** A tool call is forced. */
  readonly isForced: boolean;
  /** The conversation stands in the middle of a tool loop whose turn has no thinking block to begin with. */
  readonly lacksThinking: boolean;
};

/** `thinking`, `output_config.effort` and `max_tokens`, which depend on each other. */
export function writeReasoning(
  request: NeutralRequest,
  target: Target,
  around: ReasoningSurroundings,
): WrittenReasoning {
  const { reasoning } = request;
  const maxTokens = request.maxTokens ?? target.quirks.maxOutputTokens ?? DEFAULT_MAX_TOKENS;
  const none: WrittenReasoning = { thinking: null, effort: null, maxTokens, hasBudget: false };
  if (reasoning === null) return none;
  switch (target.quirks.reasoning) {
    case "adaptive":
      return { ...none, ...writeAdaptive(reasoning, target) };
    case "effort-only": {
      const effort = nearestEffort(wantedEffort(reasoning), target.quirks.efforts ?? EFFORTS.slice(1));
      return asksForNothing(reasoning) ? none : { ...none, effort };
    }
    case "none":
      if (!asksForNothing(reasoning) && !isOff(reasoning)) target.cannot("reasoning", "the model does not reason");
      return none;
    default:
      return writeBudget(request, reasoning, target, around, none);
  }
}

function isOff(reasoning: ReasoningSettings): boolean {
  return reasoning.isEnabled === false || reasoning.effort === "none" || reasoning.budgetTokens === 0;
}

/** Only what is shown was said, if anything. */
function asksForNothing({ effort, budgetTokens, isEnabled, isAdaptive }: ReasoningSettings): boolean {
  return effort === null && budgetTokens === null && isEnabled === null && isAdaptive === null;
}

function wantedEffort(reasoning: ReasoningSettings): ReasoningEffort {
  if (isOff(reasoning)) return "none";
  if (reasoning.effort !== null) return reasoning.effort;
  return reasoning.budgetTokens === null ? "medium" : effortOfBudget(reasoning.budgetTokens);
}

function displayOf({ show }: ReasoningSettings): JsonObject {
  if (show === null) return {};
  return { display: show === "none" ? "omitted" : "summarized" };
}

function writeAdaptive(
  reasoning: ReasoningSettings,
  target: Target,
): { readonly thinking: JsonObject | null; readonly effort: string | null } {
  if (asksForNothing(reasoning)) {
    return { thinking: reasoning.show === null ? null : { type: "adaptive", ...displayOf(reasoning) }, effort: null };
  }
  const effort = nearestEffort(wantedEffort(reasoning), target.quirks.efforts ?? EFFORTS);
  if (effort === "none") return { thinking: { type: "disabled" }, effort: null };
  const isSaid = reasoning.effort !== null || reasoning.budgetTokens !== null || isOff(reasoning);
  return { thinking: { type: "adaptive", ...displayOf(reasoning) }, effort: isSaid ? effort : null };
}

function writeBudget(
  request: NeutralRequest,
  reasoning: ReasoningSettings,
  target: Target,
  around: ReasoningSurroundings,
  none: WrittenReasoning,
): WrittenReasoning {
  if (isOff(reasoning) || asksForNothing(reasoning)) return none;
  // "Thinking may not be enabled when tool_choice forces tool use", and a turn under way must have begun with a thinking block:
  // https://platform.claude.com/docs/en/build-with-claude/extended-thinking#extended-thinking-with-tool-use
  if (around.isForced || around.lacksThinking) {
    target.hint("reasoning");
    return none;
  }
  const { maxTokens } = none;
  if (request.maxTokens !== null && maxTokens <= MIN_BUDGET) {
    target.cannot("reasoning", `max_tokens (${maxTokens}) leaves no room for the least budget of ${MIN_BUDGET} tokens`);
    return none;
  }
  const wanted = budgetOf(reasoning, maxTokens);
  // Where the caller said nothing of max_tokens, it is the answer that needs room, not the budget.
  const room = request.maxTokens === null ? Math.max(maxTokens, MIN_BUDGET * 2) : maxTokens;
  const budget = Math.max(MIN_BUDGET, wanted < room ? wanted : Math.min(wanted, Math.floor(room * 0.8)));
  return {
    // These models show a summary unless told otherwise.
    thinking: { type: "enabled", budget_tokens: budget, ...(reasoning.show === "none" ? { display: "omitted" } : {}) },
    effort: null,
    maxTokens: room,
    hasBudget: true,
  };
}

function budgetOf({ budgetTokens, effort }: ReasoningSettings, maxTokens: number): number {
  if (budgetTokens !== null && budgetTokens > 0) return Math.floor(budgetTokens);
  return budgetOfEffort(effort ?? "medium", maxTokens);
}

/** The same settings, as this dialect said them. */
export function restoreReasoning(request: NeutralRequest, target: Target): WrittenReasoning {
  const { reasoning, extra } = request;
  const maxTokens = request.maxTokens ?? target.quirks.maxOutputTokens ?? DEFAULT_MAX_TOKENS;
  const rest = asObject(extra?.["thinking"]);
  const thinking: Record<string, Json> = {};
  if (reasoning?.isEnabled === false) thinking["type"] = "disabled";
  else if (reasoning?.isAdaptive === true) thinking["type"] = "adaptive";
  else if (asBoolean(reasoning?.isEnabled) === true || (reasoning?.budgetTokens ?? null) !== null) {
    thinking["type"] = "enabled";
  }
  if (reasoning !== null && reasoning.budgetTokens !== null) thinking["budget_tokens"] = reasoning.budgetTokens;
  Object.assign(thinking, reasoning === null ? {} : displayOf(reasoning), rest);
  return {
    thinking: Object.keys(thinking).length === 0 ? null : thinking,
    effort: reasoning?.effort ?? null,
    maxTokens,
    hasBudget: thinking["type"] === "enabled",
  };
}
