import type { Dialect } from "../dialect.ts";
import { clientOfAnswer } from "./client-kind.ts";
import { readCompletionRequest } from "./completions-request.ts";
import { CompletionStreamWriter } from "./completions-writer.ts";
import { embed } from "./embed.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { errors } from "./errors.ts";
import { MistralStreamWriter } from "./mistral-stream-writer.ts";
import { readAnswer } from "./read-answer.ts";
import { readChatRequest } from "./read-request.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { ChatStreamReader } from "./stream-reader.ts";
import { ChatStreamWriter } from "./stream-writer.ts";
import { readUsage } from "./usage.ts";
import { isCompletion, writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's chat completions, its legacy completions and embeddings, and the hundred servers that speak the same. */
export const openaiChat: Dialect = {
  id: "openai-chat",
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  // whether the caller knows tools or only the older functions
  repeatsRequest: true,
  generate: {
    readRequest: (body, context) =>
      context.endpoint.name === "completions" ? readCompletionRequest(body, context) : readChatRequest(body, context),
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new ChatStreamReader(),
    openWriter: (context) => {
      if (isCompletion(context)) return new CompletionStreamWriter(context);
      return clientOfAnswer(context) === "mistral" ? new MistralStreamWriter(context) : new ChatStreamWriter(context);
    },
  },
  embed,
  rerank: null,
  countTokens: null,
  errors,
  readUsage,
};
