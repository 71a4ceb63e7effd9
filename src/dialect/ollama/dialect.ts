import type { Dialect } from "../dialect.ts";
import { embed } from "./embed.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { errors } from "./errors.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { OllamaStreamReader } from "./stream-reader.ts";
import { OllamaStreamWriter } from "./stream-writer.ts";
import { readUsageText } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** Ollama's own API: https://docs.ollama.com/api. */
export const ollama: Dialect = {
  id: "ollama",
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  generate: {
    readRequest,
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new OllamaStreamReader(),
    openWriter: (context) => new OllamaStreamWriter(context),
  },
  embed,
  rerank: null,
  countTokens: null,
  errors,
  readUsage: readUsageText,
};
