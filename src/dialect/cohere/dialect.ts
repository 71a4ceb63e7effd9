import type { Dialect } from "../dialect.ts";
import { embed } from "./embed.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { errors } from "./errors.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { rerank } from "./rerank.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { CohereStreamReader } from "./stream-reader.ts";
import { CohereStreamWriter } from "./stream-writer.ts";
import { readUsageText } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** Cohere's API, version 2: https://docs.cohere.com/reference/about. Chat of version 1 is not spoken. */
export const cohere: Dialect = {
  id: "cohere",
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  generate: {
    readRequest,
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new CohereStreamReader(),
    openWriter: (context) => new CohereStreamWriter(context),
  },
  embed,
  rerank,
  countTokens: null,
  errors,
  readUsage: readUsageText,
};
