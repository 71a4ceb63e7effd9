import { describe, expect, test } from "bun:test";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";
import { FakeTokenService, tokenAnswer } from "./token/fake-token-service.ts";

const KEY = "azure-example-key";

describe("Azure OpenAI by deployment", () => {
  test("names deployment and version in the URL, and sends the resource's key", async () => {
    await withProvider({ provider: "azure", api_key: KEY }, {}, async (ask) => {
      const seen = await ask({ ...ASKS.chat, model: "gpt-4o-prod" });
      expect(seen.target).toBe("/openai/deployments/gpt-4o-prod/chat/completions?api-version=2024-10-21");
      expect(seen.header("api-key")).toBe(KEY);
      expect(seen.header("authorization")).toBeNull();
      expect((await ask({ ...ASKS.embeddings, model: "embed" })).target).toBe(
        "/openai/deployments/embed/embeddings?api-version=2024-10-21",
      );
      expect((await ask({ path: "/v1/images/generations", model: "a/b", fields: { prompt: "x" } })).target).toBe(
        "/openai/deployments/a%2Fb/images/generations?api-version=2024-10-21",
      );
      expect((await ask({ path: "/v1/audio/speech", model: "tts", fields: { input: "x", voice: "y" } })).target).toBe(
        "/openai/deployments/tts/audio/speech?api-version=2024-10-21",
      );
      expect((await ask({ ...ASKS.messages, model: "gpt-4o-prod" })).target).toBe(
        "/openai/deployments/gpt-4o-prod/chat/completions?api-version=2024-10-21",
      );
    });
    const entry = { provider: "azure", api_key: KEY, api_version: "2025-04-01-preview" };
    await withProvider(entry, {}, async (ask) => {
      const seen = await ask({
        path: `${ASKS.chat.path}?api-version=2020-01-01`,
        model: "g",
        fields: ASKS.chat.fields,
      });
      expect(seen.target).toBe("/openai/deployments/g/chat/completions?api-version=2025-04-01-preview");
      const responses = await ask({ ...ASKS.responses, model: "g" });
      expect(responses.target).toBe("/openai/responses?api-version=2025-04-01-preview");
      expect(responses.body["model"]).toBe("g");
    });
  });

  test("takes its endpoint from where its tools do, by https", async () => {
    const env = { AZURE_OPENAI_ENDPOINT: "https://example.openai.azure.com/" };
    const { origin, credentials } = await compileEntry({ provider: "azure", api_key: KEY }, env);
    expect([origin.hostHeader, origin.pathPrefix, origin.tls]).toEqual(["example.openai.azure.com", "", true]);
    expect(credentials).toHaveLength(1);
    const bare = await compileEntry({ provider: "azure" }, { AZURE_OPENAI_ENDPOINT: "example.openai.azure.com" });
    expect([bare.origin.hostHeader, bare.origin.tls]).toEqual(["example.openai.azure.com", true]);
    await expect(compileEntry({ provider: "azure", api_key: KEY })).rejects.toThrow("expected base_url");
  });

  test("without a key, Entra ID's token goes along", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/t/oauth2/v2.0/token", ({ form }) => tokenAnswer(`entra-for-${form.get("scope")}`));
    const env = {
      AZURE_TENANT_ID: "t",
      AZURE_CLIENT_ID: "c",
      AZURE_CLIENT_SECRET: "s",
      AZURE_AUTHORITY_HOST: service.origin,
    };
    const cases = [
      ["azure", "https://cognitiveservices.azure.com/.default"],
      ["azure-v1", "https://ai.azure.com/.default"],
      ["azure-ai", "https://cognitiveservices.azure.com/.default"],
      ["azure-anthropic", "https://cognitiveservices.azure.com/.default"],
    ] as const;
    for (const [provider, scope] of cases) {
      await withProvider({ provider }, { env }, async (ask) => {
        const seen = await ask({ ...ASKS.messages, model: "deployment" });
        expect(seen.header("authorization")).toBe(`Bearer entra-for-${scope}`);
        expect(seen.header("api-key")).toBeNull();
      });
    }
  });
});

test("Azure OpenAI's v1 API has OpenAI's own paths, the deployment in the body and no version", async () => {
  await withProvider({ provider: "azure-v1", api_key: KEY }, {}, async (ask) => {
    const chat = await ask({ ...ASKS.chatStream, model: "gpt-4o-prod" });
    expect(chat.target).toBe("/openai/v1/chat/completions");
    expect(chat.body["model"]).toBe("gpt-4o-prod");
    expect(chat.header("api-key")).toBe(KEY);
    expect((await ask({ ...ASKS.responses, model: "g" })).target).toBe("/openai/v1/responses");
    expect((await ask({ ...ASKS.embeddings, model: "g" })).target).toBe("/openai/v1/embeddings");
    expect((await ask({ ...ASKS.gemini, model: "g" })).target).toBe("/openai/v1/chat/completions");
  });
});

test("Foundry's model inference stands below /models, with a version", async () => {
  await withProvider({ provider: "azure-ai", api_key: KEY }, { suffix: "/models" }, async (ask) => {
    const seen = await ask({ ...ASKS.messages, model: "Mistral-Large" });
    expect(seen.target).toBe("/models/chat/completions?api-version=2024-05-01-preview");
    expect(seen.body).toMatchObject({ model: "Mistral-Large", max_tokens: 9 });
    expect(seen.header("api-key")).toBe(KEY);
  });
});

test("Claude in Foundry speaks Anthropic's API with Anthropic's header", async () => {
  await withProvider({ provider: "azure-anthropic", api_key: KEY }, { suffix: "/anthropic" }, async (ask) => {
    const passed = await ask({ ...ASKS.messages, model: "claude-prod" });
    expect(passed.target).toBe("/anthropic/v1/messages");
    expect(passed.body["model"]).toBe("claude-prod");
    expect(passed.header("x-api-key")).toBe(KEY);
    expect(passed.header("anthropic-version")).toBe("2023-06-01");
    expect((await ask({ ...ASKS.chatStream, model: "claude-prod" })).target).toBe("/anthropic/v1/messages");
    expect((await ask({ ...ASKS.count, model: "claude-prod" })).target).toBe("/anthropic/v1/messages/count_tokens");
  });
});
