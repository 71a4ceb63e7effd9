import type { Dialect } from "../dialect.ts";
import { responsesCountTokens } from "./count-tokens.ts";
import { dropEmptyMessages } from "./drop-empty-messages.ts";
import { RESPONSES_ENDPOINTS } from "./endpoints.ts";
import { responsesErrors } from "./errors.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { RESPONSES_CONTENT, RESPONSES_HINTS, RESPONSES_SETTINGS } from "./settings.ts";
import { ResponsesStreamReader } from "./stream-reader.ts";
import { ResponsesStreamWriter } from "./stream-writer.ts";
import { readUsage } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Dialect = {
  id: "openai-responses",
  endpoints: RESPONSES_ENDPOINTS,
  settings: RESPONSES_SETTINGS,
  content: RESPONSES_CONTENT,
  extraHints: RESPONSES_HINTS,
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
  errors: responsesErrors,
  readUsage,
};
