import { describe, expect, test } from "bun:test";
import { cohere } from "../../../src/dialect/cohere/dialect.ts";
import type { RerankCodec } from "../../../src/dialect/dialect.ts";
import type { RerankAnswer, RerankRequest } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, makeTarget, requestContext } from "./fixtures.ts";

const codec = cohere.rerank as RerankCodec;
const V1 = "cohere.rerank.v1";
const read = (body: JsonObject, name = "cohere.rerank"): RerankRequest => codec.readRequest(body, requestContext(name));
const ASKED = { model: "m", query: "ruby", documents: ["a gem", "a place"] };

describe("a rerank in Cohere's words", () => {
  test("goes out to a provider in its own", () => {
    const request = read({ ...ASKED, top_n: 1, max_tokens_per_doc: 100 });
    const target = makeTarget({ renames: { top_n: "top_k" }, refuses: ["maxTokensPerDocument"] });
    expect(codec.writeRequest(request, target)).toEqual({ ...ASKED, model: "command-a", top_k: 1 });
    expect(target.dropped).toEqual(["max_tokens_per_doc"]);
  });

  test("gives documents with fields as text, those of rank_fields where it names some", () => {
    const documents = [{ text: "a gem" }, { title: "Places", text: "true", year: 1999 }];
    const write = (extra: JsonObject) =>
      codec.writeRequest(read({ ...ASKED, documents, ...extra }, V1), makeTarget())["documents"];
    expect(write({})).toEqual(["a gem", 'title: Places\ntext: "true"\nyear: 1999']);
    expect(write({ rank_fields: ["title"] })).toEqual(["a gem", "title: Places"]);
  });

  test.each<[JsonObject, string]>([
    [{ documents: ["x"] }, "query"],
    [{ query: " ", documents: ["x"] }, "query"],
    [{ query: "q" }, "documents"],
    [{ query: "q", documents: [] }, "documents"],
    [{ query: "q", documents: [3] }, "documents"],
    [{ query: "q", documents: ["x"], top_n: "all" }, "top_n"],
  ])("is refused where it is none: %j", (body, param) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ options: expect.objectContaining({ param }) }));
  });
});

describe("a rerank's answer", () => {
  const answers: [string, JsonObject][] = [
    ["Cohere", { id: "x", results: [{ index: 1, relevance_score: 0.9 }], meta: { billed_units: { search_units: 1 } } }],
    ["Voyage", { object: "list", data: [{ index: 1, relevance_score: 0.9 }], usage: { total_tokens: 12 } }],
    ["Jina", { model: "j", results: [{ index: 1, relevance_score: 0.9, document: { text: "a place" } }] }],
  ];
  test.each(answers)("is read as %s writes it", (_, body) => {
    expect(codec.readAnswer(body).results).toMatchObject([{ index: 1, score: 0.9 }]);
  });

  test("keeps what it counts", () => {
    expect(codec.readAnswer(answers[0]?.[1] as JsonObject)).toMatchObject({ searchUnits: 1, usage: null });
    expect(codec.readAnswer(answers[1]?.[1] as JsonObject).usage).toMatchObject({ inputTokens: 12 });
  });

  test("keeps scores below zero", () => {
    const { results } = codec.readAnswer({ results: [{ index: 0, relevance_score: -4.75 }] });
    expect(results).toEqual([{ index: 0, score: -4.75, document: null }]);
  });

  test("is none without results", () => {
    expect(() => codec.readAnswer({ message: "gone" })).toThrow("should hold results");
  });

  test("has the caller's own documents beside the scores where it asked for them", () => {
    const answer: RerankAnswer = {
      dialect: "bedrock-converse",
      id: null,
      model: null,
      results: [{ index: 1, score: 0.5, document: null }],
      usage: null,
      searchUnits: 1,
      extra: null,
    };
    const body = codec.writeAnswer(answer, read({ ...ASKED, return_documents: true }, V1), answerContext(V1));
    expect(body).toEqual({
      id: "req_1",
      results: [{ index: 1, relevance_score: 0.5, document: { text: "a place" } }],
      meta: { api_version: { version: "1" }, billed_units: { search_units: 1 } },
    });
    const without = codec.writeAnswer(answer, read(ASKED), answerContext("cohere.rerank"));
    expect(without["results"]).toEqual([{ index: 1, relevance_score: 0.5 }]);
  });
});
