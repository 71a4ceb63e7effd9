import type { Dialect } from "../dialect.ts";
import { countTokens } from "./count-tokens.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { readError, writeError } from "./errors.ts";
import { OWN } from "./own.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { MessagesReader } from "./stream-reader.ts";
import { MessagesWriter } from "./stream-writer.ts";
import { readUsageText } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages */
export const anthropicMessages: Dialect = {
  id: OWN,
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  requestIdHeader: "request-id",
  generate: {
    readRequest,
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new MessagesReader(),
    openWriter: (context) => new MessagesWriter(context),
  },
  embed: null,
  rerank: null,
  countTokens,
  errors: { read: readError, write: writeError },
  readUsage: readUsageText,
};
