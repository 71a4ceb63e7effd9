/** Responses that callers come back to: at the provider that keeps them, or in our own store for one that keeps none. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatCompletion, chatStream, jsonAnswer } from "../instruments/answers.ts";
import { writePost } from "../instruments/raw-client.ts";
import { Stage } from "./stage.ts";

type Json = Record<string, unknown>;

async function ask(stage: Stage, line: string, body: Json | null = null): Promise<{ status: number; json: Json }> {
  const client = await stage.connect();
  const [method = "", path = ""] = line.split(" ");
  if (method === "POST" && body !== null) await client.send(writePost(path, JSON.stringify(body)));
  else await client.send(`${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`);
  const answer = await client.readAnswer();
  client.close();
  return { status: answer.status, json: answer.text.startsWith("{") ? (JSON.parse(answer.text) as Json) : {} };
}

const bodyOf = (stage: Stage): Json => JSON.parse(stage.upstream.lastRequest.message.text) as Json;
const CHAT_ONLY = { provider: { dialect: "openai-chat" } };

describe("a provider that keeps no responses", () => {
  test("is told the whole conversation that a request goes on from", async () => {
    await Stage.with(CHAT_ONLY, async (stage) => {
      stage.upstream.respond = () => chatCompletion({ content: "Paris." });
      const first = await ask(stage, "POST /v1/responses", { model: "m", input: "The capital of France?" });
      expect(first).toMatchObject({ status: 200, json: { object: "response", status: "completed" } });
      const second = await ask(stage, "POST /v1/responses", {
        model: "m",
        input: "And of Italy?",
        previous_response_id: first.json["id"],
      });
      expect(second.json).toMatchObject({ previous_response_id: first.json["id"] });
      expect(bodyOf(stage)["messages"]).toMatchObject([
        { role: "user", content: "The capital of France?" },
        { role: "assistant", content: "Paris." },
        { role: "user", content: "And of Italy?" },
      ]);
    });
  });

  test("has its responses read, listed and deleted here, streamed ones too", async () => {
    await Stage.with(CHAT_ONLY, async (stage) => {
      stage.upstream.respond = () => chatStream({ chunks: ["Hel", "lo."] });
      const client = await stage.connect();
      await client.send(writePost("/v1/responses", '{"model":"m","input":"Hi.","stream":true}'));
      const { text } = await client.readAnswer();
      client.close();
      const id = /"id":"(resp_[^"]+)"/.exec(text)?.[1] ?? "";
      expect(await ask(stage, `GET /v1/responses/${id}`)).toMatchObject({
        status: 200,
        json: { id, status: "completed", output: [{ type: "message", content: [{ text: "Hello." }] }] },
      });
      expect(await ask(stage, `GET /v1/responses/${id}/input_items`)).toMatchObject({
        status: 200,
        json: { object: "list", data: [{ role: "user" }] },
      });
      expect((await ask(stage, `POST /v1/responses/${id}/cancel`)).status).toBe(400);
      expect(await ask(stage, `DELETE /v1/responses/${id}`)).toMatchObject({
        status: 200,
        json: { id, deleted: true },
      });
      expect(await ask(stage, `GET /v1/responses/${id}`)).toMatchObject({
        status: 404,
        json: { error: { type: "invalid_request_error" } },
      });
      expect(stage.upstream.requests.length).toBe(1);
    });
  });

  test("has nothing kept that was not to be stored, and an unknown id is said to be one", async () => {
    await Stage.with(CHAT_ONLY, async (stage) => {
      stage.upstream.respond = () => chatCompletion({ content: "x" });
      const { json } = await ask(stage, "POST /v1/responses", { model: "m", input: "Hi.", store: false });
      expect((await ask(stage, `GET /v1/responses/${String(json["id"])}`)).status).toBe(404);
      const next = { model: "m", input: "x", previous_response_id: "resp_unknown" };
      expect(await ask(stage, "POST /v1/responses", next)).toMatchObject({
        status: 400,
        json: { error: { code: "previous_response_not_found", param: "previous_response_id" } },
      });
    });
  });

  test("has them after a restart where the config names a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llmux-responses-"));
    try {
      const options = { ...CHAT_ONLY, config: { responses: { file: join(folder, "responses.sqlite") } } };
      let id = "";
      await Stage.with(options, async (stage) => {
        stage.upstream.respond = () => chatCompletion({ content: "Kept." });
        id = String((await ask(stage, "POST /v1/responses", { model: "m", input: "Hi." })).json["id"]);
      });
      await Stage.with(options, async (stage) => {
        expect(await ask(stage, `GET /v1/responses/${id}`)).toMatchObject({ status: 200, json: { id } });
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a provider that keeps its responses", () => {
  test("is asked for them itself, with its own key and path", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => jsonAnswer({ id: "resp_there", object: "response", output: [] });
      await ask(stage, "POST /v1/responses", { model: "m", input: "Hi." });
      const got = await ask(stage, "GET /v1/responses/resp_there?include=x");
      expect(got).toMatchObject({ status: 200, json: { id: "resp_there" } });
      const { message } = stage.upstream.lastRequest;
      expect(message.method).toBe("GET");
      expect(message.target).toBe("/v1/responses/resp_there?include=x");
      expect(message.all("authorization")).toEqual(["Bearer sk-provider-example"]);
      await ask(stage, "DELETE /v1/responses/resp_there");
      expect(stage.upstream.lastRequest.message.method).toBe("DELETE");
    });
  });

  test("is found by the response's id among several", async () => {
    const other = { provider: "openai-compatible", dialects: ["openai-responses"], base_url: "http://127.0.0.1:9/v1" };
    await Stage.with({ providers: { other } }, async (stage) => {
      stage.upstream.respond = () => jsonAnswer({ id: "resp_there", object: "response", output: [] });
      expect((await ask(stage, "GET /v1/responses/resp_there")).status).toBe(404);
      await ask(stage, "POST /v1/responses", { model: "m", input: "Hi." });
      expect((await ask(stage, "GET /v1/responses/resp_there")).status).toBe(200);
    });
  });

  test("goes on with a conversation that began elsewhere, told in full", async () => {
    const native = { deployments: [{ provider: "native", model: "there" }] };
    await Stage.with(CHAT_ONLY, async (stage) => {
      stage.upstream.respond = () => chatCompletion({ content: "Paris." });
      const { json } = await ask(stage, "POST /v1/responses", { model: "m", input: "Capital?" });
      const provider = {
        provider: "openai-compatible",
        dialects: ["openai-responses"],
        base_url: `${stage.upstream.origin}/v1`,
      };
      await stage.reload({ providers: { native: provider }, models: { native } });
      stage.upstream.respond = () => jsonAnswer({ id: "resp_next", object: "response", output: [] });
      const next = { model: "native", input: "And Italy?", previous_response_id: json["id"] };
      expect((await ask(stage, "POST /v1/responses", next)).status).toBe(200);
      const body = bodyOf(stage);
      expect(body["previous_response_id"]).toBeUndefined();
      expect(JSON.stringify(body["input"])).toContain("Capital?");
      expect(body["model"]).toBe("there");
    });
  });
});
