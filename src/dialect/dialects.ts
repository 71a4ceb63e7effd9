/** Every dialect there is. The order is that of the docs; a path that two share belongs to the first. */
import { anthropicMessages } from "./anthropic-messages/dialect.ts";
import { bedrockConverse } from "./bedrock-converse/dialect.ts";
import { cohere } from "./cohere/dialect.ts";
import type { Dialect, Endpoint } from "./dialect.ts";
import { gemini } from "./gemini/dialect.ts";
import { ollama } from "./ollama/dialect.ts";
import { openaiChat } from "./openai-chat/dialect.ts";
import { openaiResponses } from "./openai-responses/dialect.ts";

export const DIALECTS: ReadonlyMap<string, Dialect> = new Map(
  [openaiChat, openaiResponses, anthropicMessages, gemini, bedrockConverse, cohere, ollama].map((dialect) => [
    dialect.id,
    dialect,
  ]),
);

export const ENDPOINTS: readonly Endpoint[] = [...DIALECTS.values()].flatMap((dialect) => dialect.endpoints);
