import { describe, expect, test } from "bun:test";
import { cohere } from "../../../src/dialect/cohere/dialect.ts";
import type { EmbedCodec } from "../../../src/dialect/dialect.ts";
import type { EmbedAnswer, EmbedRequest } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { answerContext, makeTarget, requestContext } from "./fixtures.ts";

const codec = cohere.embed as EmbedCodec;
const read = (body: JsonObject, name = "cohere.embed"): EmbedRequest => codec.readRequest(body, requestContext(name));

const FOREIGN: EmbedRequest = {
  dialect: "openai-chat",
  model: "embed-v4.0",
  inputs: ["one", "two"],
  isSingle: false,
  dimensions: null,
  encodings: ["float"],
  purpose: null,
  title: null,
  truncate: null,
  user: null,
  extra: null,
};

describe("an embedding asked for in Cohere's words", () => {
  test("keeps its purpose, dimensions, types and cut", () => {
    const request = read({
      model: "embed-v4.0",
      texts: ["one"],
      input_type: "search_query",
      embedding_types: ["float", "int8"],
      output_dimension: 256,
      truncate: "NONE",
      priority: 2,
    });
    expect(request).toMatchObject({
      inputs: ["one"],
      purpose: "search_query",
      encodings: ["float", "int8"],
      dimensions: 256,
      truncate: "none",
      extra: { priority: 2 },
    });
  });

  test("may be of images, and of both together", () => {
    expect(read({ images: ["data:image/png;base64,aaaa"], input_type: "image" }).inputs).toEqual([
      [{ kind: "image", source: { kind: "data", mediaType: "image/png", data: "aaaa" } }],
    ]);
    const content = [
      { type: "text", text: "one" },
      { type: "image_url", image_url: { url: "data:image/png;base64,aaaa" } },
    ];
    expect(read({ inputs: [{ content }] }).inputs[0]).toHaveLength(2);
  });

  test.each<[JsonObject, string]>([
    [{}, "texts"],
    [{ texts: [3] }, "texts"],
    [{ images: [3] }, "images"],
    [{ texts: ["x"], embedding_types: ["float64"] }, "embedding_types"],
    [{ texts: ["x"], embedding_types: "float" }, "embedding_types"],
    [{ texts: ["x"], truncate: "MIDDLE" }, "truncate"],
    [{ texts: ["x"], output_dimension: "many" }, "output_dimension"],
  ])("is refused where it is none: %j", (body, param) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ options: expect.objectContaining({ param }) }));
  });
});

describe("an embedding asked of Cohere", () => {
  test.each([
    [null, "search_document"],
    ["search_query", "search_query"],
    ["RETRIEVAL_QUERY", "search_query"],
    ["retrieval.passage", "search_document"],
    ["CLUSTERING", "clustering"],
  ])("for the purpose %p is %s", (purpose, expected) => {
    expect(codec.writeRequest({ ...FOREIGN, purpose }, makeTarget())).toMatchObject({ input_type: expected });
  });

  test("for a purpose it does not know says so and goes on", () => {
    const target = makeTarget();
    expect(codec.writeRequest({ ...FOREIGN, purpose: "SEMANTIC_SIMILARITY" }, target)["input_type"]).toBe(
      "search_document",
    );
    expect(target.dropped).toEqual(["purpose"]);
  });

  test("is of texts, of images, or of inputs, whichever says it best", () => {
    const text = { kind: "text", text: "two" } as const;
    const image = { kind: "image", source: { kind: "data", mediaType: "image/png", data: "aaaa" } } as const;
    const write = (inputs: EmbedRequest["inputs"]) => codec.writeRequest({ ...FOREIGN, inputs }, makeTarget());
    expect(write(["one", [text]])["texts"]).toEqual(["one", "two"]);
    expect(write([[image]])).toMatchObject({ images: ["data:image/png;base64,aaaa"], input_type: "image" });
    expect(write(["one", [text, image]])["inputs"]).toHaveLength(2);
    expect(() => write([[1, 2, 3]])).toThrow("not token ids");
  });
});

describe("embeddings for a caller of Cohere's", () => {
  const answer: EmbedAnswer = {
    dialect: "openai-chat",
    id: null,
    model: "m",
    vectors: [{ float: [1, 0.5] }, { float: [0, 0.25] }],
    usage: { ...usageOf({ inputTokens: 7 }), extra: null },
    extra: { object: "list" },
  };

  test("stand by type, in the order of the inputs", () => {
    const request = read({ texts: ["one", "two"], embedding_types: ["float", "base64"] });
    expect(codec.writeAnswer(answer, request, answerContext("cohere.embed"))).toEqual({
      id: "req_1",
      response_type: "embeddings_by_type",
      texts: ["one", "two"],
      embeddings: {
        float: [
          [1, 0.5],
          [0, 0.25],
        ],
        base64: ["AACAPwAAAD8=", "AAAAAAAAgD4="],
      },
      meta: { api_version: { version: "2" }, billed_units: { input_tokens: 7 } },
    });
  });

  test("are a bare list for one of version 1 that named no types", () => {
    const name = "cohere.embed.v1";
    const request = read({ texts: ["one", "two"] }, name);
    expect(codec.writeAnswer(answer, request, answerContext(name))).toMatchObject({
      response_type: "embeddings_floats",
      embeddings: [
        [1, 0.5],
        [0, 0.25],
      ],
    });
  });

  test("that the provider cannot quantise are not made up", () => {
    const request = read({ texts: ["one"], embedding_types: ["int8"] });
    expect(() => codec.writeAnswer(answer, request, answerContext("cohere.embed"))).toThrow("int8");
  });
});
