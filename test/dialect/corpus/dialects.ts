/** The dialects under test, each beside its independent reading. */
import type { Dialect } from "../../../src/dialect/dialect.ts";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { anthropicMessagesOracle } from "./oracle/anthropic-messages.ts";
import { bedrockConverseOracle } from "./oracle/bedrock-converse.ts";
import { cohereOracle } from "./oracle/cohere.ts";
import { geminiOracle } from "./oracle/gemini.ts";
import { ollamaOracle } from "./oracle/ollama.ts";
import { openaiChatOracle } from "./oracle/openai-chat.ts";
import { openaiResponsesOracle } from "./oracle/openai-responses.ts";
import type { Oracle } from "./oracle/oracle.ts";

export type Subject = { readonly dialect: Dialect; readonly oracle: Oracle };

const ORACLES: readonly Oracle[] = [
  openaiChatOracle,
  openaiResponsesOracle,
  anthropicMessagesOracle,
  geminiOracle,
  bedrockConverseOracle,
  cohereOracle,
  ollamaOracle,
];

/** Names of the dialects' objects, by the id that is also their folder's name. */
const EXPORTS: Readonly<Record<DialectId, string>> = {
  "openai-chat": "openaiChat",
  "openai-responses": "openaiResponses",
  "anthropic-messages": "anthropicMessages",
  gemini: "gemini",
  "bedrock-converse": "bedrockConverse",
  cohere: "cohere",
  ollama: "ollama",
};

const subjects = new Map<DialectId, Subject>();
for (const oracle of ORACLES) {
  const id = oracle.dialect;
  try {
    const module = (await import(`../../../src/dialect/${id}/dialect.ts`)) as Readonly<Record<string, Dialect>>;
    const dialect = module[EXPORTS[id]];
    if (dialect !== undefined) subjects.set(id, { dialect, oracle });
  } catch (error) {
    console.error(`dialect ${id} cannot be loaded: ${String(error)}`);
  }
}

/** In the order of the docs. */
export const SUBJECTS: ReadonlyMap<DialectId, Subject> = subjects;

/** Throws for a dialect that is not there. */
export function subjectOf(id: DialectId): Subject {
  const subject = SUBJECTS.get(id);
  if (subject === undefined) throw new Error(`expected a dialect ${id}, got none`);
  return subject;
}
