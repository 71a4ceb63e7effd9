import type { Dialect } from "../dialect.ts";
import { responsesCountTokens } from "./count-tokens.ts";
import { dropEmptyMessages } from "./drop-empty-messages.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { errors } from "./errors.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { ResponsesStreamReader } from "./stream-reader.ts";
import { ResponsesStreamWriter } from "./stream-writer.ts";
import { readUsage } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Dialect = {
  id: "openai-responses",
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  repeatsRequest: true,
  generate: {
    simplify: dropEmptyMessages,
    readRequest,
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new ResponsesStreamReader(),
    openWriter: (context) => new ResponsesStreamWriter(context),
  },
  embed: null,
  rerank: null,
  countTokens: responsesCountTokens,
  errors,
  readUsage,
};
