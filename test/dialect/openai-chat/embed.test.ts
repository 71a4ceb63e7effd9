import { describe, expect, test } from "bun:test";
import type { EmbedAnswer } from "../../../src/dialect/neutral.ts";
import { embed } from "../../../src/dialect/openai-chat/embed.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, errorOf, requestContext, target } from "./fixtures.ts";

const CONTEXT = requestContext("embeddings");
const ANSWER = answerContext({}, "embeddings");
/** 1, -0.5 as little-endian float32. */
const BASE64 = "AACAPwAAAL8=";

function read(body: JsonObject): ReturnType<typeof embed.readRequest> {
  return embed.readRequest({ model: "m", ...body }, CONTEXT);
}

describe("embeddings", () => {
  test("take a text, texts, tokens and lists of tokens, and say them again", () => {
    for (const input of ["a", ["a", "b"], [1, 2], [[1, 2], [3]], ["a"]]) {
      const body = { input, dimensions: 8, user: "u", extra_one: 1 };
      expect(embed.writeRequest(read(body), target())).toEqual({ model: "provider-model", ...body });
    }
    expect(read({ input: [1, 2] })).toMatchObject({ inputs: [[1, 2]], isSingle: true });
    expect(read({ input: [[1, 2]] })).toMatchObject({ inputs: [[1, 2]], isSingle: false });
  });

  test("refuse what is no input", () => {
    const cases: readonly (readonly [body: JsonObject, param: string])[] = [
      [{}, "input"],
      [{ input: [] }, "input"],
      [{ input: 3 }, "input"],
      [{ input: ["a", 1] }, "input[1]"],
      [{ input: "a", encoding_format: "hex" }, "encoding_format"],
      [{ input: "a", dimensions: "8" }, "dimensions"],
    ];
    for (const [body, param] of cases) expect(errorOf(() => read(body)).options.param).toBe(param);
  });

  test("come as numbers or base64, as was asked, whatever the provider gave", () => {
    const answer: EmbedAnswer = {
      dialect: "cohere",
      id: null,
      model: null,
      vectors: [{ float: [1, -0.5] }],
      usage: null,
      extra: null,
    };
    const dataOf = (given: EmbedAnswer, encoding: string): unknown =>
      (
        embed.writeAnswer(given, read({ input: "a", encoding_format: encoding }), ANSWER)[
          "data"
        ] as readonly JsonObject[]
      )[0]?.["embedding"];
    expect(dataOf(answer, "base64")).toBe(BASE64);
    expect(dataOf(answer, "float")).toEqual([1, -0.5]);
    expect(dataOf({ ...answer, vectors: [{ base64: BASE64 }] }, "float")).toEqual([1, -0.5]);
    expect(embed.writeAnswer(answer, read({ input: "a" }), ANSWER)).toEqual({
      id: `embd-${ANSWER.requestId}`,
      object: "list",
      data: [{ object: "embedding", index: 0, embedding: [1, -0.5] }],
      model: "asked",
      usage: { prompt_tokens: 0, total_tokens: 0 },
    });
  });

  test("are read in the order of their inputs, and written back equal", () => {
    const body = {
      object: "list",
      model: "e",
      data: [
        { object: "embedding", index: 1, embedding: [2] },
        { object: "embedding", index: 0, embedding: [1] },
      ],
      usage: { prompt_tokens: 5, total_tokens: 5 },
    };
    const answer = embed.readAnswer(body);
    expect(answer.vectors).toEqual([{ float: [1] }, { float: [2] }]);
    expect(answer.usage).toMatchObject({ inputTokens: 5, outputTokens: null });
    expect(embed.writeAnswer(answer, read({ input: ["a", "b"] }), ANSWER)).toEqual({
      ...body,
      data: body.data.toReversed(),
    });
  });

  test("are none where the provider tells of an error", () => {
    expect(errorOf(() => embed.readAnswer({ error: { message: "No such model", code: "model_not_found" } })).code).toBe(
      "not_found",
    );
    expect(errorOf(() => embed.readAnswer({ ok: true })).code).toBe("upstream_error");
  });

  test("of another dialect ask for floats, and refuse what cannot be embedded", () => {
    const request = { ...read({ input: "a" }), dialect: "cohere" as const, encodings: ["int8" as const] };
    expect(errorOf(() => embed.writeRequest(request, target())).options.param).toBe("encodings");
    const image = {
      kind: "image" as const,
      source: { kind: "url" as const, url: "https://example.com/a.png", mediaType: null },
    };
    expect(
      errorOf(() => embed.writeRequest({ ...request, encodings: [], inputs: [[image]] }, target())).options.param,
    ).toBe("input");
    expect(embed.writeRequest({ ...request, encodings: ["float"] }, target())).toMatchObject({
      encoding_format: "float",
    });
  });
});
