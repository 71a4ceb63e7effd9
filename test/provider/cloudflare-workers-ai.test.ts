import { expect, test } from "bun:test";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";

test("Cloudflare Workers AI has the account in its URL", async () => {
  const entry = { provider: "cloudflare-workers-ai", account: "0123456789abcdef", api_key: "cf-example" };
  const { origin } = await compileEntry(entry);
  expect([origin.hostHeader, origin.pathPrefix]).toEqual([
    "api.cloudflare.com",
    "/client/v4/accounts/0123456789abcdef/ai/v1",
  ]);
  await withProvider(entry, { suffix: "/ai/v1" }, async (ask) => {
    const seen = await ask({ ...ASKS.messages, model: "@cf/meta/llama-3.1-8b-instruct" });
    expect(seen.target).toBe("/ai/v1/chat/completions");
    expect(seen.body).toMatchObject({ model: "@cf/meta/llama-3.1-8b-instruct", max_tokens: 9 });
    expect(seen.header("authorization")).toBe("Bearer cf-example");
    expect((await ask({ ...ASKS.responses, model: "@cf/openai/gpt-oss-120b" })).target).toBe("/ai/v1/responses");
  });
});
