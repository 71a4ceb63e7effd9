import type { Dialect } from "../dialect.ts";
import { geminiCountTokens } from "./count-tokens.ts";
import { geminiEmbed } from "./embed.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { errors } from "./errors.ts";
import { joinPieces } from "./join-pieces.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { GeminiStreamReader } from "./stream-reader.ts";
import { GeminiStreamWriter } from "./stream-writer.ts";
import { readUsageText } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** Google's Gemini API, as AI Studio and Vertex AI serve it: https://ai.google.dev/api */
export const gemini: Dialect = {
  id: "gemini",
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  generate: {
    simplify: joinPieces,
    readRequest,
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new GeminiStreamReader(),
    openWriter: (context) => new GeminiStreamWriter(context),
  },
  embed: geminiEmbed,
  rerank: null,
  countTokens: geminiCountTokens,
  errors,
  readUsage: readUsageText,
};
