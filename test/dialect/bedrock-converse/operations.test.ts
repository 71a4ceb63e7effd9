import { describe, expect, test } from "bun:test";
import type { EmbedRequest, RerankRequest } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { ANSWER_CONTEXT, bedrockConverse, CLAUDE, contextOf, foreign, targetOf, user } from "./fixtures.ts";

const { embed, rerank, countTokens, errors, endpoints } = bedrockConverse;
if (embed === null || rerank === null || countTokens === null) throw new Error("expected every operation");

const EMBED: EmbedRequest = {
  dialect: "openai-chat",
  model: "example",
  inputs: ["one"],
  isSingle: true,
  dimensions: null,
  encodings: ["float"],
  purpose: null,
  title: null,
  truncate: null,
  user: null,
  extra: null,
};

describe("embeddings through InvokeModel", () => {
  const write = (model: string, request: Partial<EmbedRequest>) =>
    embed.writeRequest({ ...EMBED, ...request }, targetOf(model));

  test("each maker's model gets its own body", () => {
    expect(write("amazon.titan-embed-text-v2:0", { dimensions: 256 })).toEqual({ inputText: "one", dimensions: 256 });
    expect(write("amazon.titan-embed-image-v1", { dimensions: 256 })).toEqual({
      inputText: "one",
      embeddingConfig: { outputEmbeddingLength: 256 },
    });
    expect(write("amazon.nova-2-multimodal-embeddings-v1:0", { purpose: "search_query", dimensions: 384 })).toEqual({
      taskType: "SINGLE_EMBEDDING",
      singleEmbeddingParams: {
        embeddingPurpose: "GENERIC_RETRIEVAL",
        embeddingDimension: 384,
        text: { truncationMode: "END", value: "one" },
      },
    });
    expect(write("cohere.embed-v4:0", { inputs: ["a", "b"], encodings: ["base64"], truncate: "end" })).toEqual({
      texts: ["a", "b"],
      input_type: "search_document",
      truncate: "END",
    });
    expect(
      write("cohere.embed-v4:0", {
        inputs: [[{ kind: "image", source: { kind: "data", mediaType: "image/png", data: "iVBO" } }]],
        encodings: ["float", "int8"],
        dimensions: 512,
      }),
    ).toEqual({
      images: ["data:image/png;base64,iVBO"],
      input_type: "image",
      embedding_types: ["float", "int8"],
      output_dimension: 512,
    });
  });

  test("what a model cannot embed is refused", () => {
    expect(() => write("amazon.titan-embed-text-v2:0", { inputs: ["a", "b"] })).toThrow(
      "one input in each request, got 2",
    );
    expect(() => write("amazon.titan-embed-text-v2:0", { inputs: [[1, 2]] })).toThrow("not token ids");
    expect(() => write("twelvelabs.marengo-embed-2-7-v1:0", {})).toThrow("known for Titan's, Nova's and Cohere's");
  });

  test("every form of answer gives vectors, and the caller's form is written again", () => {
    const forms: readonly (readonly [JsonObject, JsonObject])[] = [
      [{ inputText: "one" }, { embedding: [0.5], inputTextTokenCount: 2 }],
      [
        { inputText: "one" },
        { embedding: [0.5], embeddingsByType: { float: [0.5], binary: [1] }, inputTextTokenCount: 2 },
      ],
      [{ texts: ["one"] }, { id: "i", response_type: "embeddings_floats", texts: ["one"], embeddings: [[0.5]] }],
      [
        { texts: ["one"], embedding_types: ["float"] },
        { id: "i", response_type: "embeddings_by_type", texts: ["one"], embeddings: { float: [[0.5]] } },
      ],
    ];
    for (const [body, answer] of forms) {
      const read = embed.readAnswer(answer);
      expect(read.vectors[0]?.["float"]).toEqual([0.5]);
      const request = embed.readRequest(body, contextOf("any-name"));
      expect(
        embed.writeRequest(
          request,
          targetOf("inputText" in body ? "amazon.titan-embed-text-v2:0" : "cohere.embed-v4:0"),
        ),
      ).toMatchObject("inputText" in body ? body : { texts: ["one"] });
      expect(embed.writeAnswer(read, request, ANSWER_CONTEXT)).toEqual(answer);
    }
    expect(embed.readAnswer({ embeddings: [{ embeddingType: "TEXT", embedding: [1, 2] }] }).vectors).toEqual([
      { float: [1, 2] },
    ]);
    expect(() => embed.readAnswer({ message: "no" })).toThrow("should hold an embedding");
  });

  test("a body for another kind of model cannot go elsewhere", () => {
    expect(() => embed.readRequest({ anthropic_version: "bedrock-2023-05-31", messages: [] }, contextOf("m"))).toThrow(
      "another provider than Bedrock",
    );
  });
});

describe("rerank through InvokeModel", () => {
  const REQUEST: RerankRequest = {
    dialect: "cohere",
    model: "m",
    query: "q",
    documents: ["a", { text: "b", more: 1 }],
    topN: 1,
    returnsDocuments: null,
    maxTokensPerDocument: null,
    extra: null,
  };

  test("documents are texts, and Cohere's models are told the version", () => {
    expect(rerank.writeRequest(REQUEST, targetOf("cohere.rerank-v3-5:0"))).toEqual({
      query: "q",
      documents: ["a", "b"],
      top_n: 1,
      api_version: 2,
    });
    expect(rerank.writeRequest(REQUEST, targetOf("amazon.rerank-v1:0"))).toEqual({
      query: "q",
      documents: ["a", "b"],
      top_n: 1,
    });
  });

  test("scores come in either spelling", () => {
    expect(rerank.readAnswer({ results: [{ index: 1, relevance_score: 0.5 }] }).results).toEqual([
      { index: 1, score: 0.5, document: null },
    ]);
    const answer = rerank.readAnswer({ results: [{ index: 0, relevanceScore: 0.25 }, { index: "x" }] });
    expect(answer.results).toEqual([{ index: 0, score: 0.25, document: null }]);
    expect(rerank.writeAnswer(answer, { ...REQUEST, returnsDocuments: true }, ANSWER_CONTEXT)).toEqual({
      results: [{ index: 0, relevance_score: 0.25, document: { text: "a" } }],
    });
    expect(() => rerank.readAnswer({})).toThrow("should hold results");
  });
});

describe("counting tokens", () => {
  test("counts a Converse request, and says so both ways", () => {
    const converse = { messages: [{ role: "user", content: [{ text: "Hello" }] }], system: [{ text: "Brief" }] };
    const request = countTokens.readRequest({ input: { converse } }, contextOf());
    expect(countTokens.writeRequest(request, targetOf(CLAUDE))).toEqual({ input: { converse } });
    expect(countTokens.writeRequest(foreign([user("Hello")], { maxTokens: 5 }), targetOf(CLAUDE))).toEqual({
      input: { converse: { messages: [{ role: "user", content: [{ text: "Hello" }] }] } },
    });
    const count = countTokens.readAnswer({ inputTokens: 11 });
    expect(count.inputTokens).toBe(11);
    expect(countTokens.writeAnswer(count, ANSWER_CONTEXT)).toEqual({ inputTokens: 11 });
    expect(() => countTokens.readAnswer({})).toThrow("should hold inputTokens");
    expect(() => countTokens.readRequest({ input: { invokeModel: { body: "e30=" } } }, contextOf())).toThrow(
      "input.converse",
    );
  });
});

describe("errors of Bedrock", () => {
  const read = (status: number, body: JsonObject | null, headers: Readonly<Record<string, string>> = {}, text = "") =>
    errors.read(status, body, text, (name) => headers[name] ?? null);

  test("the type stands in a header or in the body, and the words in either case", () => {
    expect(
      read(
        429,
        { message: "Slow down" },
        { "x-amzn-errortype": "ThrottlingException:http://internal.example/", "retry-after": "7" },
      ),
    ).toMatchObject({
      code: "rate_limited",
      status: 429,
      message: "Slow down",
      detail: "ThrottlingException",
      retryAfterSeconds: 7,
    });
    expect(read(400, { __type: "com.amazon#ServiceQuotaExceededException", Message: "Full" })).toMatchObject({
      code: "rate_limited",
      status: 400,
      message: "Full",
    });
    expect(read(502, null, {}, "<html>")).toMatchObject({ code: "upstream_error", message: "<html>", detail: null });
    expect(read(500, null)).toMatchObject({ message: "The provider answered with status 500." });
  });

  test("each class is what it is", () => {
    const codeOf = (status: number, type: string, message = "x") =>
      read(status, { message }, { "x-amzn-errortype": type }).code;
    expect(codeOf(403, "AccessDeniedException")).toBe("forbidden");
    const unpaid =
      "Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid payment instrument must be provided.";
    expect(codeOf(403, "AccessDeniedException", unpaid)).toBe("budget_exceeded");
    expect(codeOf(403, "UnrecognizedClientException")).toBe("unauthorized");
    expect(codeOf(403, "ExpiredTokenException")).toBe("unauthorized");
    expect(codeOf(403, "InvalidSignatureException")).toBe("unauthorized");
    expect(codeOf(404, "ResourceNotFoundException")).toBe("not_found");
    expect(codeOf(408, "ModelTimeoutException")).toBe("upstream_timeout");
    expect(codeOf(424, "ModelErrorException")).toBe("upstream_error");
    expect(codeOf(429, "ModelNotReadyException")).toBe("overloaded");
    expect(codeOf(500, "InternalServerException")).toBe("upstream_error");
    expect(codeOf(503, "ServiceUnavailableException")).toBe("overloaded");
    expect(codeOf(400, "ValidationException")).toBe("invalid_request");
    expect(codeOf(400, "ValidationException", "Input is too long for requested model.")).toBe(
      "context_window_exceeded",
    );
    expect(codeOf(400, "ValidationException", "prompt is too long: 210000 tokens > 200000 maximum")).toBe(
      "context_window_exceeded",
    );
    expect(codeOf(400, "ValidationException", "Output blocked by content filtering policy")).toBe("content_policy");
    expect(codeOf(400, "ValidationException", "The provided model identifier is invalid.")).toBe("not_found");
  });

  test("ours are written so that the SDK raises the class its users catch", () => {
    const write = (
      code: "rate_limited" | "not_found" | "unauthorized" | "upstream_timeout",
      detail: string | null = null,
    ) =>
      errors.write(
        { code, status: 429, message: "Words", param: null, detail, source: "gateway", retryAfterSeconds: null },
        "request-1",
      );
    const typeOf = (...input: Parameters<typeof write>) => new Map(write(...input).headers).get("x-amzn-errortype");
    expect(write("rate_limited")).toMatchObject({ body: '{"message":"Words"}', contentType: "application/json" });
    expect(new Map(write("rate_limited").headers).get("x-amzn-requestid")).toBe("request-1");
    expect(typeOf("rate_limited")).toBe("ThrottlingException");
    expect(typeOf("rate_limited", "ServiceQuotaExceededException")).toBe("ServiceQuotaExceededException");
    expect(typeOf("rate_limited", "rate_limit_exceeded")).toBe("ThrottlingException");
    expect(typeOf("not_found")).toBe("ResourceNotFoundException");
    expect(typeOf("unauthorized")).toBe("UnrecognizedClientException");
    expect(typeOf("upstream_timeout")).toBe("ModelTimeoutException");
  });
});

describe("the endpoints of Bedrock", () => {
  test("say by their path whether they stream, and have names of their own", () => {
    expect(
      endpoints.map(({ name, operation, isStreamPath, grammar }) => [name, operation, isStreamPath, grammar !== null]),
    ).toEqual([
      ["bedrock.converse", "generate", false, false],
      ["bedrock.converse-stream", "generate", true, true],
      ["bedrock.count", "count-tokens", false, false],
      ["bedrock.invoke", "embed", false, false],
      ["bedrock.rerank", "rerank", false, false],
      ["bedrock.invoke-stream", null, true, true],
    ]);
  });
});
