import type { Quirks } from "../exchange.ts";
import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";

/**
 * The chat API of the GLM models, the same at Z.ai and Zhipu AI and in the coding plans of both: `thinking.type` switches
 * reasoning (default: enabled); response_format knows text and json_object.
 */
export const GLM_CHAT = {
  renames: { ...PLAIN_CHAT.renames, user: "user_id" },
  refuses: ADDED_SAMPLING,
  reasoning: "thinking-type",
  jsonSchema: "json-object",
  refusesContent: PLAIN_CHAT.refusesContent,
} satisfies Partial<Quirks>;

/** What could not be checked of it, wherever it is served. */
export const GLM_UNCHECKED =
  'Of `stop` only one sequence and of tool_choice only "auto" are documented. GLM-5.2 also takes reasoning_effort, which has no place beside `thinking` here.';
