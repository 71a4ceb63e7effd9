import type { Json, JsonObject } from "../../lib/json.ts";

/**
 * How something was said, where this dialect has several ways to say what is one word in the neutral form: `max_tokens` or
 * `max_completion_tokens`, content as a string or as a list, a `null` or no member at all. Only this dialect's writers look at it,
 * to say it again the same way. It rides on a symbol, so it survives a spread, is no member of the neutral form, and without it
 * everything is said the canonical way.
 */
const FORM: unique symbol = Symbol("openai-chat form");

export type Form = {
  /** Members that always stand there, and did not. */
  readonly lacks?: readonly string[];
  /** Members that were there and said nothing (null, "", []), as they stood. */
  readonly silent?: JsonObject;
  /** The value itself as it stood, where the canonical way differs. */
  readonly said?: Json;
  /** Content was a list although a string would do. */
  readonly isList?: boolean;
  /** A request's member names: { maxTokens: "max_tokens" }. */
  readonly names?: Readonly<Record<string, string>>;
  /** `functions` and `function_call` instead of `tools` and `tool_calls`. */
  readonly isLegacy?: boolean;
  /** Asked by an SDK that wants things said in its own way. */
  readonly client?: "mistral" | "groq";
  /** Asked through /v1/completions. */
  readonly isCompletion?: boolean;
  /** Members in which a message's reasoning stood as plain text, in order. */
  readonly plainReasoning?: readonly string[];
  /** Whether the reasoning (also) stood in `reasoning_details`. */
  readonly hasDetails?: boolean;
  /** A stream's reasoning detail without its text, as each of its pieces repeats it. */
  readonly detail?: JsonObject;
  /** Lengths of the pieces in which Mistral says its thinking, a part of its content. */
  readonly pieces?: readonly number[];
};

const NO_FORM: Form = {};

/** The same object, with its form; an empty form leaves no mark. */
export function withForm<T extends object>(value: T, form: Form): T {
  for (const key in form) {
    if (form[key as keyof Form] !== undefined) return Object.assign(value, { [FORM]: form });
  }
  return value;
}

export function formOf(value: object | null): Form {
  return value === null ? NO_FORM : ((value as { [FORM]?: Form })[FORM] ?? NO_FORM);
}
