import { expect, test } from "bun:test";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";
import { FakeTokenService, tokenAnswer } from "./token/fake-token-service.ts";

test("SAP AI Core is asked by deployment, with tokens of the service key's client", async () => {
  await using service = new FakeTokenService();
  service.answers.set("/oauth/token", () => tokenAnswer("sap-token", { expires_in: 43_199 }));
  const key = { clientid: "sb-client", clientsecret: "secret", url: `${service.origin}/`, serviceurls: {} };
  const entry = { provider: "sap-ai-core", api_key: JSON.stringify(key) };
  await withProvider(entry, { suffix: "/v2" }, async (ask) => {
    const seen = await ask({ ...ASKS.chat, model: "d0123456789abcde" });
    expect(seen.target).toBe("/v2/inference/deployments/d0123456789abcde/chat/completions?api-version=2024-10-21");
    expect(seen.header("authorization")).toBe("Bearer sap-token");
    expect(seen.header("ai-resource-group")).toBe("default");
  });
  await withProvider({ ...entry, headers: { "AI-Resource-Group": "team" } }, { suffix: "/v2" }, async (ask) => {
    expect((await ask({ ...ASKS.embeddings, model: "d1" })).header("ai-resource-group")).toBe("team");
  });
  expect(service.requests[0]?.header("authorization")).toBe(`Basic ${btoa("sb-client:secret")}`);
  expect(service.requests[0]?.form.get("grant_type")).toBe("client_credentials");
});

test("SAP AI Core: anything but a service key is refused when the config is read, without repeating it", async () => {
  for (const key of ["canary", '{"clientid":"canary"}']) {
    const entry = { provider: "sap-ai-core", base_url: "https://api.example.com/v2", api_key: key };
    const refused = compileEntry(entry);
    await expect(refused).rejects.toThrow("providers.p.api_key: SAP AI Core credentials: expected a service key");
    await refused.catch((error: unknown) => expect(String(error)).not.toContain("canary"));
  }
});
