import { expect, test } from "bun:test";
import { ASKS, withProvider } from "./ask-provider.ts";

test("AI Studio speaks its own API to Gemini's callers and others, and OpenAI's to OpenAI's", async () => {
  await withProvider({ provider: "gemini", api_key: "AIzaExample" }, {}, async (ask) => {
    const own = await ask({ ...ASKS.geminiStream, model: "gemini-2.5-flash" });
    expect(own.target).toBe("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    expect(own.header("x-goog-api-key")).toBe("AIzaExample");
    expect(own.header("authorization")).toBeNull();
    const other = await ask({ ...ASKS.messages, model: "gemini-2.5-flash" });
    expect(other.target).toBe("/v1beta/models/gemini-2.5-flash:generateContent");
    const chat = await ask({ ...ASKS.chat, model: "gemini-2.5-flash" });
    expect(chat.target).toBe("/v1beta/openai/chat/completions");
    expect(chat.header("authorization")).toBe("Bearer AIzaExample");
    expect(chat.header("x-goog-api-key")).toBeNull();
    expect((await ask({ ...ASKS.embeddings, model: "gemini-embedding-001" })).target).toBe("/v1beta/openai/embeddings");
  });
  // Whoever wants Google's own API for all of them says so.
  await withProvider({ provider: "gemini", dialect: "gemini", api_key: "AIzaExample" }, {}, async (ask) => {
    const chat = await ask({ ...ASKS.chat, model: "gemini-2.5-flash" });
    expect(chat.target).toBe("/v1beta/models/gemini-2.5-flash:generateContent");
    expect(chat.header("x-goog-api-key")).toBe("AIzaExample");
  });
});
