import { GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asArray, asNumber, asObject, asString, restOf } from "../../lib/json.ts";
import type { AnswerContext, EmbedCodec, RequestContext } from "../dialect.ts";
import type { EmbedAnswer, EmbedRequest } from "../neutral.ts";
import type { Target } from "../target.ts";
import { encodeVector } from "../embedding-encodings.ts";
import { renameMembers } from "../wire-names.ts";
import { invalidType, invalidValue, missingParameter } from "../openai-invalid.ts";
import { readNumber, readString } from "./fields.ts";
import { formOf, withForm } from "./form.ts";
import { errorOfAnswer } from "./read-error.ts";
import { usageOf, writeUsage } from "./usage.ts";

const KNOWN: ReadonlySet<string> = new Set(["model", "input", "dimensions", "encoding_format", "user"]);
const KNOWN_ANSWER: ReadonlySet<string> = new Set(["id", "object", "data", "model", "usage"]);
const ENCODINGS = ["float", "base64"] as const;

/** Encodings that compatible servers know beside OpenAI's (Mistral's `output_dtype` and such stay extra). */
const ALL_ENCODINGS = ["float", "base64", "int8", "uint8", "binary", "ubinary"] as const;

/** Reads https://platform.openai.com/docs/api-reference/embeddings/create. */
function readRequest(body: JsonObject, context: RequestContext): EmbedRequest {
  const { input } = body;
  if (input === undefined || input === null) throw missingParameter("input");
  const said = readString(body, "encoding_format");
  const encoding = ALL_ENCODINGS.find((known) => known === (said ?? "float"));
  if (encoding === undefined) throw invalidValue("encoding_format", said ?? "", ENCODINGS);
  const { inputs, isSingle } = readInputs(input);
  return withForm(
    {
      dialect: "openai-chat",
      model: context.model,
      inputs,
      isSingle,
      dimensions: readNumber(body, "dimensions"),
      encodings: [encoding],
      purpose: null,
      title: null,
      truncate: null,
      user: readString(body, "user"),
      extra: restOf(body, KNOWN),
    } as EmbedRequest,
    said === null ? {} : { said },
  );
}

type Inputs = { readonly inputs: readonly (string | readonly number[])[]; readonly isSingle: boolean };

/** A text, texts, tokens, or lists of tokens. */
function readInputs(input: Json): Inputs {
  if (typeof input === "string") return { inputs: [input], isSingle: true };
  if (!Array.isArray(input)) throw invalidType("input", "one of a string, array of strings, array of tokens", input);
  const list = input as readonly Json[];
  if (list.length === 0) {
    throw new GatewayError("invalid_request", "'$.input' is invalid: expected at least one text.", { param: "input" });
  }
  if (list.every((one) => typeof one === "number")) return { inputs: [list as readonly number[]], isSingle: true };
  const inputs = list.map((one, index) => {
    if (typeof one === "string") return one;
    if (Array.isArray(one) && one.every((token) => typeof token === "number")) return one as readonly number[];
    throw invalidType(`input[${index}]`, "a string or array of tokens", one);
  });
  return { inputs, isSingle: false };
}

function writeRequest(request: EmbedRequest, target: Target): JsonObject {
  const isOwn = request.dialect === "openai-chat";
  const inputs = request.inputs.map((input): Json => {
    if (typeof input === "string") return input;
    const tokens = input.every((one) => typeof one === "number");
    if (tokens) return input as readonly number[];
    return textOf(input as Exclude<typeof input, readonly number[]>, target);
  });
  const body: Record<string, Json | undefined> = {
    model: target.model,
    input: request.isSingle ? (inputs[0] ?? "") : inputs,
  };
  if (request.dimensions !== null) body["dimensions"] = request.dimensions;
  const { said } = formOf(request);
  if (isOwn && said !== undefined) body["encoding_format"] = said;
  else if (!isOwn) body["encoding_format"] = "float";
  if (!isOwn) {
    const odd = request.encodings.find((encoding) => encoding !== "float" && encoding !== "base64");
    if (odd !== undefined) target.cannot("encodings", `${odd} is no encoding of its vectors`);
    if (request.purpose !== null) target.hint("purpose");
    if (request.title !== null) target.hint("title");
    if (request.truncate === "start") target.cannot("truncate", "it has no such setting");
    else if (request.truncate !== null) target.hint("truncate");
  }
  if (request.user !== null) body["user"] = request.user;
  if (isOwn) Object.assign(body, request.extra);
  return renameMembers(body as JsonObject, target.quirks.renames);
}

/** Of several parts the texts; OpenAI embeds nothing else. */
function textOf(parts: Extract<EmbedRequest["inputs"][number], readonly { kind: string }[]>, target: Target): string {
  const texts: string[] = [];
  for (const part of parts) {
    if (part.kind === "text") texts.push(part.text);
    else target.cannot("input", `it embeds text, not ${part.kind}`);
  }
  return texts.join("\n");
}

function readAnswer(body: JsonObject): EmbedAnswer {
  const { data } = body;
  if (!Array.isArray(data)) {
    throw (
      errorOfAnswer(body) ??
      new GatewayError("upstream_error", "The provider's answer holds no embeddings: expected `data`.", {
        upstreamType: "protocol",
      })
    );
  }
  const entries = asArray(data).map((entry, position) => {
    const object = asObject(entry) ?? {};
    return { index: asNumber(object["index"]) ?? position, embedding: object["embedding"] };
  });
  const usage = asObject(body["usage"]);
  return {
    dialect: "openai-chat",
    id: asString(body["id"]),
    model: asString(body["model"]),
    vectors: entries
      .toSorted((a, b) => a.index - b.index)
      .map(({ embedding }) =>
        typeof embedding === "string" ? { base64: embedding } : { float: asArray(embedding) as readonly number[] },
      ),
    usage: usage === null ? null : usageOf(usage),
    extra: restOf(body, KNOWN_ANSWER),
  };
}

function writeAnswer(answer: EmbedAnswer, request: EmbedRequest, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "openai-chat";
  // OpenAI's callers know these two; of what another dialect gave, floats are the one that can be either.
  const encoding = request.encodings[0] === "base64" ? "base64" : "float";
  const usage = answer.usage === null ? { prompt_tokens: 0, total_tokens: 0 } : writeUsage(answer.usage);
  const { completion_tokens: _, completion_tokens_details: __, ...counted } = usage;
  return {
    // OpenAI's own has none; Mistral's SDKs want one.
    ...(isOwn ? (answer.id === null ? {} : { id: answer.id }) : { id: answer.id ?? `embd-${context.requestId}` }),
    object: "list",
    data: answer.vectors.map((vector, index) => ({
      object: "embedding",
      index,
      // A provider's own default may be another one (Perplexity's int8): what was not asked for is not decoded.
      embedding:
        isOwn && formOf(request).said === undefined
          ? (vector["base64"] ?? vector["float"])
          : encodeVector(vector, encoding),
    })),
    model: answer.model ?? context.model,
    usage: isOwn ? usage : counted,
    ...(isOwn ? answer.extra : null),
  };
}

export const embed: EmbedCodec = { readRequest, writeRequest, readAnswer, writeAnswer };
