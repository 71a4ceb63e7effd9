import type { Quirks } from "../exchange.ts";

/** What a family of models does differently from its dialect, wherever it is served. */
export type ModelFamily = {
  /** Its names as they appear at any provider: `anthropic/claude-…`, `us.anthropic.claude-…-v1:0`, `claude-…@20250514`. */
  readonly models: RegExp;
  /** Dialects in which this is so. */
  readonly dialects: readonly string[];
  readonly quirks: Partial<Quirks>;
  /** The documentation page it comes from. */
  readonly source: string;
};
