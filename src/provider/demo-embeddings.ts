import type { DemoReply } from "./demo-answer.ts";
import { asCount, asText, countDemoTokens, getField, hashText } from "./demo-text.ts";

const DEFAULT_DIMENSIONS = 1536;
const MAX_DIMENSIONS = 3072;
/** As the API itself limits it. */
const MAX_INPUTS = 2048;

/** POST /v1/embeddings: unit vectors that follow from the text; equal texts are equal, others are not. */
export function answerDemoEmbeddings(body: unknown): DemoReply {
  const inputs = readInputs(getField(body, "input"));
  if (inputs === null || inputs.length === 0 || inputs.length > MAX_INPUTS) {
    const message = `Expected input to be a text, a list of up to ${MAX_INPUTS} texts, or the same as tokens.`;
    return { kind: "error", status: 400, message, param: "input" };
  }
  const given = getField(body, "dimensions");
  const dimensions = given === undefined || given === null ? DEFAULT_DIMENSIONS : asCount(given);
  if (dimensions === null || dimensions > MAX_DIMENSIONS) {
    const message = `Expected dimensions to be a whole number from 1 to ${MAX_DIMENSIONS}.`;
    return { kind: "error", status: 400, message, param: "dimensions" };
  }
  const isBase64 = getField(body, "encoding_format") === "base64";
  const data = inputs.map((input, index) => {
    const vector = makeVector(input, dimensions);
    // Little-endian float32, as the API writes it and the SDKs read it.
    const embedding = isBase64 ? Buffer.from(vector.buffer).toString("base64") : [...vector];
    return { object: "embedding", index, embedding };
  });
  const tokens = inputs.reduce((sum, input) => sum + countDemoTokens(input), 0);
  const model = asText(getField(body, "model"), "demo");
  return {
    kind: "json",
    value: { object: "list", data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
  };
}

function readInputs(input: unknown): readonly string[] | null {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return null;
  // One text as tokens, or a list of texts, each as text or as tokens.
  if (input.length > 0 && input.every((each) => typeof each === "number")) return [input.join(" ")];
  const texts = input.map((each: unknown) => {
    if (typeof each === "string") return each;
    return Array.isArray(each) && each.every((token) => typeof token === "number") ? each.join(" ") : null;
  });
  return texts.every((text) => text !== null) ? texts : null;
}

function makeVector(text: string, dimensions: number): Float32Array {
  // xorshift32 (Marsaglia 2003) seeded by the text; its state must not be 0.
  let state = hashText(text) || 1;
  const raw = Array.from({ length: dimensions }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0xffff_ffff - 0.5;
  });
  const length = Math.hypot(...raw) || 1;
  return Float32Array.from(raw, (value) => value / length);
}
