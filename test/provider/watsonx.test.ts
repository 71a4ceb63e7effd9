import { describe, expect, test } from "bun:test";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";
import { FakeTokenService, tokenAnswer } from "./token/fake-token-service.ts";

const PROJECT = "4947c695-a374-428c-acca-332c1a1dc9e9";
const ENTRY = { provider: "watsonx", project: PROJECT, api_key: "ibm-api-key" };

describe("watsonx.ai", () => {
  test("is asked with a token for the API key, the model and the project in the body, streams elsewhere", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/identity/token", () =>
      tokenAnswer("iam-token", { expires_in: 3_600, expiration: 1_700_003_600, token_type: "Bearer" }),
    );
    await withProvider(ENTRY, { env: { WATSONX_AI_AUTH_URL: service.origin } }, async (ask) => {
      const passed = await ask({ ...ASKS.chat, model: "ibm/granite-4-h-small" });
      expect(passed.target).toBe("/ml/v1/text/chat?version=2024-10-08");
      expect(passed.body).toEqual({
        model_id: "ibm/granite-4-h-small",
        project_id: PROJECT,
        ...ASKS.chat.fields,
      });
      expect(passed.header("authorization")).toBe("Bearer iam-token");
      const stream = await ask({ ...ASKS.chatStream, model: "ibm/granite-4-h-small" });
      expect(stream.target).toBe("/ml/v1/text/chat_stream?version=2024-10-08");
      expect(Object.keys(stream.body).toSorted()).toEqual(["messages", "model_id", "project_id"]);
      const translated = await ask({ ...ASKS.messagesStream, model: "ibm/granite-4-h-small" });
      expect(translated.target).toBe("/ml/v1/text/chat_stream?version=2024-10-08");
      expect(translated.body).toMatchObject({ model_id: "ibm/granite-4-h-small", max_tokens: 9 });
      expect(translated.body).not.toHaveProperty("stream");
    });
    expect(service.requests).toHaveLength(1);
    expect(Object.fromEntries(service.requests[0]?.form ?? [])).toEqual({
      grant_type: "urn:ibm:params:oauth:grant-type:apikey",
      apikey: "ibm-api-key",
    });
  });

  test("a token that is given goes along; a region has its own host", async () => {
    const token = "eyJhbGciOiJSUzI1NiJ9.eyJleGFtcGxlIjoxfQ.c2lnbmF0dXJl";
    await withProvider({ ...ENTRY, api_key: token }, {}, async (ask) => {
      expect((await ask({ ...ASKS.chat, model: "m" })).header("authorization")).toBe(`Bearer ${token}`);
    });
    expect((await compileEntry({ ...ENTRY, region: "eu-de" })).origin.hostHeader).toBe("eu-de.ml.cloud.ibm.com");
    await expect(compileEntry({ ...ENTRY, project: undefined })).rejects.toThrow("expected a watsonx project's id");
  });
});

test("watsonx.ai's model gateway has OpenAI's own paths", async () => {
  const { origin } = await compileEntry({ provider: "watsonx-gateway", api_key: "k", region: "ca-tor" });
  expect([origin.hostHeader, origin.pathPrefix]).toEqual(["ca-tor.ml.cloud.ibm.com", "/ml/gateway/v1"]);
  await using service = new FakeTokenService();
  service.answers.set("/identity/token", () => tokenAnswer("iam-token"));
  const options = { env: { WATSONX_AI_AUTH_URL: service.origin }, suffix: "/ml/gateway/v1" };
  await withProvider({ provider: "watsonx-gateway", api_key: "k" }, options, async (ask) => {
    const seen = await ask({ ...ASKS.chat, model: "ibm/granite-4-h-small" });
    expect(seen.target).toBe("/ml/gateway/v1/chat/completions");
    expect(seen.body["model"]).toBe("ibm/granite-4-h-small");
    expect(seen.header("authorization")).toBe("Bearer iam-token");
  });
});
