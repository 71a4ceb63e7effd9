import type { JsonObject } from "../lib/json.ts";
import type { Priority } from "../policy.ts";

/** What routing may know of a request. What must be read out of the body is read when a strategy asks, and once. */
export interface Facts {
  /** As the caller named it. */
  readonly model: string;
  /** The endpoint's name, e.g. "chat.completions". */
  readonly endpoint: string;
  readonly isStream: boolean;
  readonly priority: Priority;
  /** The caller's name: the key's, or "anonymous". */
  readonly caller: string;
  readonly team: string | null;
  /** From `x-llmux-tags`, the body's `metadata.tags`, and the key. */
  readonly tags: readonly string[];
  /** Of these the key's: a promise of the operator's, which the caller's own can narrow and never widen. */
  readonly keyTags: readonly string[];
  /** Estimates; 0 where there is no body to read. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  header(name: string): string | null;
  /** The body's `metadata`; empty where it has none. */
  readonly metadata: JsonObject;
  /** The body's `user`, `metadata.user_id` or `safety_identifier`; null where it names none. */
  readonly user: string | null;
  /** The beginning of the prompt (system text, tools, first messages), at most so many bytes; null where there is no body to read. */
  promptPrefix(bytes: number): string | null;
}
