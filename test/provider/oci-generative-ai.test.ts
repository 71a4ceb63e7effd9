import { expect, test } from "bun:test";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";

test("OCI's API key goes to the region's host", async () => {
  const entry = { provider: "oci-generative-ai", region: "us-chicago-1", api_key: "sk-example" };
  const { origin } = await compileEntry(entry);
  expect([origin.hostHeader, origin.pathPrefix]).toEqual([
    "inference.generativeai.us-chicago-1.oci.oraclecloud.com",
    "/20231130/actions/v1",
  ]);
  await withProvider(entry, { suffix: "/20231130/actions/v1" }, async (ask) => {
    expect((await ask({ ...ASKS.chat, model: "xai.grok-4" })).target).toBe("/20231130/actions/v1/chat/completions");
    expect((await ask({ ...ASKS.responses, model: "xai.grok-4" })).target).toBe("/20231130/actions/v1/responses");
  });
});
