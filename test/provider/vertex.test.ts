import { describe, expect, test } from "bun:test";
import { jsonAnswer } from "../instruments/answers.ts";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";
import { FakeTokenService, tokenAnswer } from "./token/fake-token-service.ts";

const KEY = "ya29.example";
const ENTRY = { provider: "vertex", project: "example-project", region: "europe-west4", api_key: KEY };
const PLACE = "projects/example-project/locations/europe-west4";

describe("Vertex AI", () => {
  test("has hosts by region, and others for what is no region", async () => {
    const hostOf = async (region: string | undefined, env = {}): Promise<string> =>
      (await compileEntry({ ...ENTRY, region }, env)).origin.hostHeader;
    expect(await hostOf("europe-west4")).toBe("europe-west4-aiplatform.googleapis.com");
    expect(await hostOf("global")).toBe("aiplatform.googleapis.com");
    expect(await hostOf(undefined)).toBe("aiplatform.googleapis.com");
    expect(await hostOf("us")).toBe("aiplatform.us.rep.googleapis.com");
    expect(await hostOf("eu")).toBe("aiplatform.eu.rep.googleapis.com");
    expect(await hostOf(undefined, { GOOGLE_CLOUD_LOCATION: "us-east5" })).toBe("us-east5-aiplatform.googleapis.com");
    const named = await compileEntry({ ...ENTRY, region: "global", base_url: "https://vertex.example.com" });
    expect(named.origin.hostHeader).toBe("vertex.example.com");
    await expect(compileEntry({ ...ENTRY, project: undefined })).rejects.toThrow(
      "expected a Google Cloud project's id",
    );
    await expect(compileEntry({ ...ENTRY, region: "../x" })).rejects.toThrow("expected a region");
    await expect(compileEntry({ ...ENTRY, api_key: "AIzaExample" })).rejects.toThrow("vertex-express");
  });

  test("serves Gemini in its own API", async () => {
    const models = `/v1beta1/${PLACE}/publishers/google/models`;
    await withProvider(ENTRY, {}, async (ask) => {
      const passed = await ask({ ...ASKS.gemini, model: "gemini-2.5-flash" });
      expect(passed.target).toBe(`${models}/gemini-2.5-flash:generateContent`);
      expect(passed.body).toEqual(ASKS.gemini.fields);
      expect(passed.header("authorization")).toBe(`Bearer ${KEY}`);
      expect(passed.header("x-goog-api-key")).toBeNull();
      const stream = await ask({ ...ASKS.geminiStream, model: "gemini-2.5-flash" });
      expect(stream.target).toBe(`${models}/gemini-2.5-flash:streamGenerateContent?alt=sse`);
      const count = await ask({ ...ASKS.geminiCount, model: "gemini-2.5-flash" });
      expect(count.target).toBe(`${models}/gemini-2.5-flash:countTokens`);

      const translated = await ask({ ...ASKS.chat, model: "gemini-2.5-flash" });
      expect(translated.target).toBe(`${models}/gemini-2.5-flash:generateContent`);
      expect(translated.body).toMatchObject({ contents: [{ role: "user", parts: [{ text: "Hello." }] }] });
      const translatedStream = await ask({ ...ASKS.chatStream, model: "gemini-2.5-flash" });
      expect(translatedStream.target).toBe(`${models}/gemini-2.5-flash:streamGenerateContent?alt=sse`);
      // Vertex counts what stands at the top, AI Studio a whole request.
      const counted = await ask({
        ...ASKS.count,
        fields: { ...ASKS.count.fields, system: "Be short." },
        model: "gemini-2.5-flash",
      });
      expect(counted.target).toBe(`${models}/gemini-2.5-flash:countTokens`);
      expect(Object.keys(counted.body).toSorted()).toEqual(["contents", "systemInstruction"]);
      const embedded = await ask({ ...ASKS.embeddings, model: "gemini-embedding-2" });
      expect(embedded.target).toBe(`${models}/gemini-embedding-2:embedContent`);
      expect(embedded.body).toEqual({ content: { parts: [{ text: "Hello." }] } });
    });
  });

  test("serves Claude by raw prediction: the model in the path, another path for streams", async () => {
    const models = `/v1/${PLACE}/publishers/anthropic/models`;
    await withProvider(ENTRY, {}, async (ask) => {
      for (const [asked, verb] of [
        [ASKS.messages, "rawPredict"],
        [ASKS.messagesStream, "streamRawPredict"],
        [ASKS.chat, "rawPredict"],
        [ASKS.chatStream, "streamRawPredict"],
      ] as const) {
        const seen = await ask({ ...asked, model: "claude-sonnet-4-5@20250929" });
        expect(seen.target).toBe(`${models}/claude-sonnet-4-5@20250929:${verb}`);
        expect(seen.body["anthropic_version"]).toBe("vertex-2023-10-16");
        expect(seen.body).not.toHaveProperty("model");
        expect(seen.body["stream"] === true).toBe(verb === "streamRawPredict");
        expect(seen.header("authorization")).toBe(`Bearer ${KEY}`);
        expect(seen.header("x-api-key")).toBeNull();
      }
      const passed = await ask({ ...ASKS.messages, model: "claude-sonnet-4-5@20250929" });
      expect(passed.body).toEqual({ anthropic_version: "vertex-2023-10-16", ...ASKS.messages.fields });
      const count = await ask({ ...ASKS.count, model: "claude-haiku-4-5" });
      expect(count.target).toBe(`${models}/count-tokens:rawPredict`);
      expect(count.body).toEqual({
        anthropic_version: "vertex-2023-10-16",
        model: "claude-haiku-4-5",
        ...ASKS.count.fields,
      });
    });
  });

  test("serves Mistral by raw prediction, and what is named PUBLISHER/MODEL by OpenAI's API", async () => {
    await withProvider(ENTRY, {}, async (ask) => {
      const mistral = `/v1/${PLACE}/publishers/mistralai/models/mistral-medium-3`;
      const whole = await ask({ ...ASKS.chat, model: "mistral-medium-3" });
      expect(whole.target).toBe(`${mistral}:rawPredict`);
      expect(whole.body["model"]).toBe("mistral-medium-3");
      expect((await ask({ ...ASKS.chatStream, model: "mistral-medium-3" })).target).toBe(`${mistral}:streamRawPredict`);
      const llama = await ask({ ...ASKS.chatStream, model: "meta/llama-3.3-70b-instruct-maas" });
      expect(llama.target).toBe(`/v1/${PLACE}/endpoints/openapi/chat/completions`);
      expect(llama.body["model"]).toBe("meta/llama-3.3-70b-instruct-maas");
      const fromMessages = await ask({ ...ASKS.messages, model: "meta/llama-3.3-70b-instruct-maas" });
      expect(fromMessages.target).toBe(`/v1/${PLACE}/endpoints/openapi/chat/completions`);
      expect(fromMessages.body).toMatchObject({ max_tokens: 9 });
    });
  });

  test("is asked with a token of the machine, fetched once for all", async () => {
    await using service = new FakeTokenService();
    let count = 0;
    service.answers.set("/computeMetadata/v1/instance/service-accounts/default/token", () => {
      const answer = tokenAnswer(`ya29.${count++}`);
      answer.headers.set("metadata-flavor", "Google");
      return answer;
    });
    const env = { GCE_METADATA_HOST: service.origin, HOME: "/nonexistent" };
    await withProvider({ ...ENTRY, api_key: undefined }, { env }, async (ask) => {
      const tokens = await Promise.all(
        [1, 2, 3].map(async () => (await ask({ ...ASKS.gemini, model: "gemini-2.5-flash" })).header("authorization")),
      );
      expect(tokens).toEqual(["Bearer ya29.0", "Bearer ya29.0", "Bearer ya29.0"]);
      expect(service.requests).toHaveLength(1);
    });
  });

  test("fails clearly where there is no token, and says nothing to the provider", async () => {
    await using service = new FakeTokenService();
    const env = { GCE_METADATA_HOST: service.origin, HOME: "/nonexistent" };
    await withProvider({ ...ENTRY, api_key: undefined }, { env }, async (ask, stage) => {
      stage.upstream.respond = () => jsonAnswer({});
      // The second within a few seconds is not even looked for anew.
      for (let count = 1; count <= 2; count++) {
        await expect(ask({ ...ASKS.gemini, model: "gemini-2.5-flash" })).rejects.toThrow(
          /nothing reached the provider: 502 .*Google credentials: none found/s,
        );
        expect(service.requests).toHaveLength(1);
      }
      expect(stage.upstream.requests).toHaveLength(0);
      expect(await stage.readExchanges(2)).toMatchObject([{ outcome: "failed" }, { outcome: "failed" }]);
    });
  });
});

test("Vertex AI in express mode takes a key, and no project", async () => {
  expect((await compileEntry({ provider: "vertex-express", api_key: "k" })).origin.hostHeader).toBe(
    "aiplatform.googleapis.com",
  );
  await withProvider({ provider: "vertex-express", api_key: "express-key" }, {}, async (ask) => {
    const seen = await ask({ ...ASKS.chatStream, model: "gemini-2.5-flash" });
    expect(seen.target).toBe("/v1beta1/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    expect(seen.header("x-goog-api-key")).toBe("express-key");
    expect(seen.header("authorization")).toBeNull();
  });
});
