import { describe, expect, test } from "bun:test";
import type { UnsignedRequest } from "../../src/exchange.ts";
import { Secret } from "../../src/lib/secret.ts";
import { makeDatabricksAuthorizer } from "../../src/provider/databricks-token.ts";
import { ASKS, withProvider } from "./ask-provider.ts";
import { FakeTokenService, tokenAnswer } from "./token/fake-token-service.ts";

const CLIENT_ID = "00000000-0000-4000-8000-000000000001";
const ENTRY = { provider: "databricks", api_key: "dapi-example" };

test("Databricks serves each family of models in its own API, and all in OpenAI's", async () => {
  await withProvider(ENTRY, {}, async (ask) => {
    const targetOf = async (asked: (typeof ASKS)[keyof typeof ASKS], model: string): Promise<string> => {
      const seen = await ask({ ...asked, model });
      expect(seen.header("authorization")).toBe("Bearer dapi-example");
      return seen.target;
    };
    expect(await targetOf(ASKS.chat, "databricks-llama-4-maverick")).toBe("/serving-endpoints/chat/completions");
    expect(await targetOf(ASKS.embeddings, "databricks-gte-large-en")).toBe("/serving-endpoints/embeddings");
    expect(await targetOf(ASKS.messages, "databricks-claude-sonnet-4-5")).toBe(
      "/serving-endpoints/anthropic/v1/messages",
    );
    expect(await targetOf(ASKS.chat, "databricks-claude-sonnet-4-5")).toBe("/serving-endpoints/chat/completions");
    expect(await targetOf(ASKS.messages, "databricks-llama-4-maverick")).toBe("/serving-endpoints/chat/completions");
    expect(await targetOf(ASKS.gemini, "databricks-gemini-2-5-pro")).toBe(
      "/serving-endpoints/gemini/v1beta/models/databricks-gemini-2-5-pro:generateContent",
    );
    expect(await targetOf(ASKS.geminiStream, "databricks-gemini-2-5-pro")).toBe("/serving-endpoints/chat/completions");
    expect(await targetOf(ASKS.responses, "databricks-gpt-5")).toBe("/serving-endpoints/responses");
    expect(await targetOf(ASKS.responses, "databricks-llama-4-maverick")).toBe("/serving-endpoints/chat/completions");
  });
});

describe("a service principal", () => {
  test("has tokens of the workspace that the request goes to", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/oidc/v1/token", () => tokenAnswer("workspace-token"));
    const request: UnsignedRequest = {
      method: "POST",
      path: "/serving-endpoints/chat/completions",
      hostHeader: service.origin.replace("http://", ""),
      body: null,
    };
    const env = { DATABRICKS_HOST: `${service.origin}/` };
    const both = [
      { apiKey: new Secret(`${CLIENT_ID}:dose-example`), env },
      { apiKey: null, env: { ...env, DATABRICKS_CLIENT_ID: CLIENT_ID, DATABRICKS_CLIENT_SECRET: "dose-example" } },
    ];
    for (const input of both) {
      const authorizer = makeDatabricksAuthorizer({ ...input, settings: {}, now: Date.now });
      expect(await authorizer.authorize(request)).toEqual([["authorization", "Bearer workspace-token"]]);
      expect(authorizer.authorize(request)).not.toBeInstanceOf(Promise);
    }
    expect(service.requests).toHaveLength(2);
    for (const seen of service.requests) {
      expect(seen.header("authorization")).toBe(`Basic ${btoa(`${CLIENT_ID}:dose-example`)}`);
      expect(Object.fromEntries(seen.form)).toEqual({ grant_type: "client_credentials", scope: "all-apis" });
    }
  });

  test("never sends its secret by plain http to another host, and none is an error", async () => {
    await using service = new FakeTokenService();
    const request = { method: "POST", path: "/", hostHeader: service.origin.replace("http://", ""), body: null };
    const elsewhere = makeDatabricksAuthorizer({
      apiKey: new Secret(`${CLIENT_ID}:dose-example`),
      env: { DATABRICKS_HOST: "http://other.example.com" },
      settings: {},
      now: Date.now,
    });
    // https to a port that speaks plain http: it never gets as far as a request.
    await expect(Promise.resolve(elsewhere.authorize(request))).rejects.toThrow("could not be reached");
    expect(service.requests).toHaveLength(0);
    const foreign = makeDatabricksAuthorizer({
      apiKey: null,
      env: {
        DATABRICKS_HOST: "https://other.example.com",
        DATABRICKS_CLIENT_ID: CLIENT_ID,
        DATABRICKS_CLIENT_SECRET: "dose-example",
      },
      settings: {},
      now: Date.now,
    });
    expect(() => foreign.authorize(request)).toThrow("belong to the workspace in DATABRICKS_HOST");
    const none = makeDatabricksAuthorizer({ apiKey: null, env: {}, settings: {}, now: Date.now });
    await expect(Promise.resolve(none.authorize(request))).rejects.toThrow("Databricks credentials: none found");
  });
});
