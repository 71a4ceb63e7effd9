import { describe, expect, test } from "bun:test";
import { ollama } from "../../../src/dialect/ollama/dialect.ts";
import { readShownModel, renderShow, renderTags, renderVersion } from "../../../src/dialect/ollama/models.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { EmbedCodec } from "../../../src/dialect/dialect.ts";
import type { EmbedAnswer, EmbedRequest } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, makeTarget, requestContext } from "./fixtures.ts";

const CHAT = {
  model: "qwen3",
  created_at: "2025-10-26T17:21:21.196249Z",
  message: {
    role: "assistant",
    content: "Hi",
    thinking: "Hm.",
    tool_calls: [{ id: "c1", function: { index: 0, name: "look", arguments: { a: 1 } } }],
    later: true,
  },
  done: true,
  done_reason: "stop",
  total_duration: 12,
  load_duration: 3,
  prompt_eval_count: 5,
  eval_count: 7,
  logprobs: [{ token: "Hi", logprob: -0.5 }],
};

describe("an answer of Ollama's", () => {
  test("is written back as it was, with members nobody has heard of", () => {
    const answer = ollama.generate.readAnswer(CHAT);
    expect(answer.choices[0]?.finish?.kind).toBe("tool-calls");
    expect(ollama.generate.writeAnswer(answer, answerContext())).toEqual(CHAT);
  });

  test("of /api/generate too, with the conversation's state", () => {
    const body = {
      model: "m",
      created_at: "2024-05-24T20:19:45Z",
      response: "Hi",
      done: true,
      done_reason: "stop",
      context: [1],
    };
    const answer = ollama.generate.readAnswer(body);
    expect(ollama.generate.writeAnswer(answer, answerContext("ollama.generate"))).toEqual(body);
  });

  test("is one without counts where the server gave none", () => {
    const { prompt_eval_count: _, eval_count: __, ...rest } = CHAT;
    expect(ollama.generate.readAnswer(rest).usage).toMatchObject({ inputTokens: null, outputTokens: null });
  });

  test("that holds neither message nor response is none", () => {
    expect(() => ollama.generate.readAnswer({ error: "gone" })).toThrow(GatewayError);
  });
});

describe("an error of Ollama's", () => {
  const read = (status: number, body: JsonObject | null, text = "") =>
    ollama.errors.read(status, body, text, () => null);

  test.each([
    [400, '"qwen2" does not support tools', "invalid_request", null],
    [400, "input length exceeds the context length", "context_window_exceeded", null],
    [400, "refused by the model's content filter", "content_policy", null],
    [401, "unauthorized", "unauthorized", null],
    [404, "model 'x' not found", "not_found", "model_not_found"],
    [429, "too many requests", "rate_limited", null],
    [500, "llama runner process has terminated", "upstream_error", null],
    [503, "server busy, please try again. maximum pending requests exceeded", "overloaded", null],
  ])("with status %p and %p is %s", (status, message, code, detail) => {
    expect(read(status, { error: message })).toMatchObject({ code, status, message, detail, source: "provider" });
  });

  test("is read where it is no JSON, or says nothing", () => {
    expect(read(502, null, "<html>").message).toBe("<html>");
    expect(read(500, {}).message).toContain("500");
    expect(read(400, { error: { message: "no" } }).message).toBe("no");
  });

  test("is written as the real API does", () => {
    const { body } = ollama.errors.write(read(404, { error: "gone" }), "req_1");
    expect(JSON.parse(body)).toEqual({ error: "gone", source: "provider" });
  });
});

describe("embeddings of Ollama's", () => {
  const codec = ollama.embed as EmbedCodec;
  const read = (body: JsonObject, name = "ollama.embed"): EmbedRequest => codec.readRequest(body, requestContext(name));
  const foreign: EmbedRequest = {
    dialect: "openai-chat",
    model: "m",
    inputs: ["one"],
    isSingle: true,
    dimensions: 256,
    encodings: ["base64"],
    purpose: "search_query",
    title: null,
    truncate: "none",
    user: "u",
    extra: null,
  };

  test("are asked for with all that has a word there, and hints left out by name", () => {
    const target = makeTarget();
    expect(codec.writeRequest(foreign, target)).toEqual({ model: "m", input: "one", dimensions: 256, truncate: false });
    expect(target.dropped).toEqual(["purpose", "user"]);
    expect(() => codec.writeRequest({ ...foreign, encodings: ["int8"] }, makeTarget())).toThrow("not int8");
    expect(() => codec.writeRequest({ ...foreign, inputs: [[1, 2]] }, makeTarget())).toThrow("not token ids");
    expect(() => codec.writeRequest({ ...foreign, truncate: "start" }, makeTarget())).toThrow("not the start");
  });

  test("are read in both of the API's forms, and written in the one that was asked", () => {
    expect(read({ input: "one", truncate: false })).toMatchObject({
      inputs: ["one"],
      isSingle: true,
      truncate: "none",
    });
    expect(read({ prompt: "one" }, "ollama.embeddings").inputs).toEqual(["one"]);
    expect(() => read({ input: [3] })).toThrow("input.0");
    const answer: EmbedAnswer = codec.readAnswer({ model: "m", embeddings: [[1, 2]], prompt_eval_count: 3 });
    expect(answer.vectors).toEqual([{ float: [1, 2] }]);
    const request = read({ input: "one" });
    expect(codec.writeAnswer(answer, request, answerContext("ollama.embed"))).toEqual({
      model: "m",
      embeddings: [[1, 2]],
      prompt_eval_count: 3,
    });
    expect(codec.writeAnswer(answer, request, answerContext("ollama.embeddings"))).toEqual({ embedding: [1, 2] });
    expect(() => codec.readAnswer({ error: "gone" })).toThrow("should hold embeddings");
  });
});

describe("what a client asks before it asks a model", () => {
  test("names the models, each with a digest that clients can shorten", () => {
    const { models } = JSON.parse(renderTags(["gpt-4o", "local/x"], 0)) as { models: JsonObject[] };
    expect(models.map(({ name }) => name)).toEqual(["gpt-4o", "local/x"]);
    for (const model of models) expect(model["digest"]).toMatch(/^[0-9a-f]{64}$/);
    expect(models[0]?.["digest"]).not.toBe(models[1]?.["digest"]);
    expect(models[0]).toMatchObject({ model: "gpt-4o", modified_at: "1970-01-01T00:00:00.000Z", size: 0 });
  });

  test("shows a model by either name of the field, and claims nothing it does not know", () => {
    expect(readShownModel({ model: "a" })).toBe("a");
    expect(readShownModel({ name: "a" })).toBe("a");
    expect(readShownModel({})).toBeNull();
    expect(JSON.parse(renderShow(0))).toMatchObject({ capabilities: ["completion"], model_info: {} });
    expect(JSON.parse(renderShow(0, ["completion", "tools"]))).toMatchObject({ capabilities: ["completion", "tools"] });
  });

  test("tells a version", () => {
    expect(JSON.parse(renderVersion())).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });
});
