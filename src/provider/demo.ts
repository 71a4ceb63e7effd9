import { defineProvider } from "./define.ts";

/** The embedded demo provider: deterministic answers from inside the process, so that a first try needs no key. */
export default defineProvider({
  id: "demo",
  name: "Demo",
  baseUrl: "http://demo.invalid/v1",
  surfaces: [{ dialect: "openai-chat" }, { dialect: "openai-responses", endpoints: { responses: true } }],
  credential: null,
  isKeyOptional: true,
  isEmbedded: true,
  source: "this file",
});
