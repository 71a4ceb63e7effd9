/** Lists of models, in the form of each API that asks for one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

async function ask(line: string, headers = "", body = ""): Promise<{ status: number; json: unknown }> {
  const client = await stage.connect();
  await client.send(`${line} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`);
  const answer = await client.readAnswer();
  client.close();
  return { status: answer.status, json: JSON.parse(answer.text) };
}

describe("the models of the config", () => {
  test("in OpenAI's form", async () => {
    expect(await ask("GET /v1/models")).toMatchObject({ status: 200, json: { object: "list", data: [{ id: "m" }] } });
  });

  test("in Anthropic's form, for callers that name its version", async () => {
    const version = "anthropic-version: 2023-06-01\r\n";
    expect(await ask("GET /v1/models?limit=5", version)).toMatchObject({
      status: 200,
      json: { data: [{ type: "model", id: "m" }], has_more: false, first_id: "m", last_id: "m" },
    });
    expect(await ask("GET /v1/models/m", version)).toMatchObject({ status: 200, json: { type: "model", id: "m" } });
    expect(await ask("GET /v1/models/none", version)).toMatchObject({
      status: 404,
      json: { type: "error", error: { type: "not_found_error" } },
    });
  });

  test("in Gemini's form", async () => {
    expect(await ask("GET /v1beta/models")).toMatchObject({ status: 200, json: { models: [{ name: "models/m" }] } });
    expect(await ask("GET /v1beta/models/m")).toMatchObject({ status: 200, json: { name: "models/m" } });
    expect(await ask("GET /v1beta/models/none")).toMatchObject({
      status: 404,
      json: { error: { status: "NOT_FOUND" } },
    });
  });

  test("in Ollama's form", async () => {
    expect(await ask("GET /api/tags")).toMatchObject({ status: 200, json: { models: [{ name: "m" }] } });
    expect(await ask("GET /api/version")).toMatchObject({ status: 200, json: { version: expect.any(String) } });
    expect(await ask("POST /api/show", "", '{"model":"m"}')).toMatchObject({ status: 200 });
    expect(await ask("POST /api/show", "", '{"model":"none"}')).toMatchObject({ status: 404 });
    expect(await ask("POST /api/show", "", "{}")).toMatchObject({ status: 400, json: { error: expect.any(String) } });
    expect(await ask("GET /api/show")).toMatchObject({ status: 405 });
  });
});
