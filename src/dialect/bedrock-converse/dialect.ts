import type { Dialect } from "../dialect.ts";
import { countTokens } from "./count-tokens.ts";
import { embed } from "./embed.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { errors } from "./errors.ts";
import { OWN } from "./own.ts";
import { readAnswer } from "./read-answer.ts";
import { readRequest } from "./read-request.ts";
import { rerank } from "./rerank.ts";
import { CONTENT, EXTRA_HINTS, SETTINGS } from "./settings.ts";
import { ConverseStreamReader } from "./stream-reader.ts";
import { ConverseStreamWriter } from "./stream-writer.ts";
import { readUsageText } from "./usage.ts";
import { writeAnswer } from "./write-answer.ts";
import { writeRequest } from "./write-request.ts";

/** Amazon Bedrock's Converse, and what of InvokeModel Converse does not serve: https://docs.aws.amazon.com/bedrock/latest/APIReference/welcome.html */
export const bedrockConverse: Dialect = {
  id: OWN,
  endpoints: ENDPOINTS,
  settings: SETTINGS,
  content: CONTENT,
  extraHints: EXTRA_HINTS,
  requestIdHeader: "x-amzn-requestid",
  generate: {
    readRequest,
    writeRequest,
    readAnswer,
    writeAnswer,
    openReader: () => new ConverseStreamReader(),
    openWriter: (context) => new ConverseStreamWriter(context),
  },
  embed,
  rerank,
  countTokens,
  errors,
  readUsage: readUsageText,
};
