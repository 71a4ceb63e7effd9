/** `POST /api/embed`, and the older `/api/embeddings`: https://docs.ollama.com/api/embed */
import { GatewayError } from "../../errors.ts";
import { asArray, asNumber, asString, compact, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { nameType } from "../../lib/name-type.ts";
import type { AnswerContext, EmbedCodec, RequestContext } from "../dialect.ts";
import { encodeVector } from "../embedding-encodings.ts";
import type { EmbedAnswer, EmbedRequest, Part } from "../neutral.ts";
import type { Target } from "../target.ts";
import { formOf, silentMembers, withForm } from "../wire-form.ts";
import { renameMembers } from "../wire-names.ts";
import { invalid } from "./invalid.ts";
import { EMBEDDINGS } from "./names.ts";
import { DURATIONS, readUsage, writeUsage } from "./usage.ts";

const KNOWN = new Set(["model", "input", "prompt", "truncate", "dimensions"]);
const KNOWN_ANSWER: ReadonlySet<string> = new Set([
  "model",
  "embeddings",
  "embedding",
  "prompt_eval_count",
  "eval_count",
  ...DURATIONS,
]);

function readRequest(body: JsonObject, context: RequestContext): EmbedRequest {
  const isOlder = context.endpoint.name === EMBEDDINGS || body["input"] === undefined;
  const input = isOlder ? body["prompt"] : body["input"];
  const { truncate } = body;
  const request: EmbedRequest = {
    dialect: "ollama",
    model: context.model,
    inputs: readInputs(input),
    isSingle: typeof input === "string",
    dimensions: asNumber(body["dimensions"]),
    encodings: ["float"],
    purpose: null,
    title: null,
    // It cuts the end off, unless it is told not to.
    truncate: truncate === false ? "none" : truncate === true ? "end" : null,
    user: null,
    extra: restOf(body, KNOWN),
  };
  // Here the mark says that the older field was used.
  return withForm(request, { dialect: "ollama", silent: silentMembers(body, KNOWN), isOther: isOlder });
}

function readInputs(input: Json | undefined): EmbedRequest["inputs"] {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input) || input.length === 0) {
    throw invalid(`input should be a string or an array of strings, got ${nameType(input)}`, "input");
  }
  return (input as readonly Json[]).map((text, index) => {
    if (typeof text === "string") return text;
    throw invalid(`input.${index} should be a string, got ${nameType(text)}`, "input");
  });
}

function writeRequest(request: EmbedRequest, target: Target): JsonObject {
  const isOwn = request.dialect === "ollama";
  const texts = request.inputs.map((input, index) => writeInput(input, `input.${index}`, target));
  for (const encoding of request.encodings) {
    // Floats are made base64 on the way back.
    if (encoding !== "float" && encoding !== "base64") {
      target.cannot("encoding_format", `its API gives floats, and not ${encoding}`);
    }
  }
  if (request.purpose !== null) target.hint("purpose");
  if (request.title !== null) target.hint("title");
  if (request.user !== null) target.hint("user");
  if (request.truncate === "start") target.cannot("truncate", "its API cuts off the end, not the start");
  const form = formOf(request, "ollama");
  const input = request.isSingle && texts.length === 1 ? (texts[0] as string) : texts;
  const members = compact({
    model: request.model,
    ...(form?.isOther === true ? { prompt: input } : { input }),
    dimensions: request.dimensions ?? undefined,
    truncate: request.truncate === null ? undefined : request.truncate !== "none",
  });
  const body = { ...form?.silent, ...(isOwn ? request.extra : null), ...members };
  return renameMembers(body, target.quirks.renames);
}

function writeInput(input: EmbedRequest["inputs"][number], place: string, target: Target): string {
  if (typeof input === "string") return input;
  if (typeof input[0] === "number") {
    target.cannot(place, "its API takes texts, not token ids");
    return "";
  }
  return (input as readonly Part[])
    .map((part) => {
      if (part.kind === "text") return part.text;
      target.cannot(place, `its API embeds no ${part.kind}`);
      return "";
    })
    .join("\n");
}

function readAnswer(body: JsonObject): EmbedAnswer {
  const embeddings = body["embeddings"] ?? (Array.isArray(body["embedding"]) ? [body["embedding"]] : null);
  if (!Array.isArray(embeddings)) {
    throw new GatewayError("upstream_error", "The provider's answer should hold embeddings, and does not.", {
      upstreamType: "protocol",
    });
  }
  return {
    dialect: "ollama",
    id: null,
    model: asString(body["model"]),
    vectors: asArray(embeddings).map((vector) => ({ float: vector as readonly number[] })),
    usage: readUsage(body),
    extra: restOf(body, KNOWN_ANSWER),
  };
}

function writeAnswer(answer: EmbedAnswer, _request: EmbedRequest, context: AnswerContext): JsonObject {
  const vectors = answer.vectors.map((vector) => encodeVector(vector, "float"));
  const extra = answer.dialect === "ollama" ? answer.extra : null;
  if (context.endpoint.name === EMBEDDINGS) return { ...extra, embedding: vectors[0] ?? [] };
  return {
    ...extra,
    model: answer.model ?? context.model,
    embeddings: vectors,
    ...(answer.usage === null ? null : writeUsage({ ...answer.usage, outputTokens: null })),
  };
}

export const embed: EmbedCodec = { readRequest, writeRequest, readAnswer, writeAnswer };
