/** The dialects under test, each beside its independent reading. */
import type { Dialect } from "../../../src/dialect/dialect.ts";
import { DIALECTS } from "../../../src/dialect/dialects.ts";
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

/** In the order of the docs. */
export const SUBJECTS: ReadonlyMap<DialectId, Subject> = new Map(
  ORACLES.map((oracle) => {
    const dialect = DIALECTS.get(oracle.dialect);
    if (dialect === undefined) throw new Error(`expected a dialect ${oracle.dialect}, got none`);
    return [oracle.dialect, { dialect, oracle }];
  }),
);

/** Throws for a dialect that is not there. */
export function subjectOf(id: DialectId): Subject {
  const subject = SUBJECTS.get(id);
  if (subject === undefined) throw new Error(`expected a dialect ${id}, got none`);
  return subject;
}
