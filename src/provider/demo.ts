import { defineProvider } from "./define.ts";

/** The embedded demo provider: deterministic answers from inside the process, so that a first try needs no key. */
export default defineProvider({
  id: "demo",
  dialect: "openai-chat",
  baseUrl: "http://demo.invalid/v1",
  credential: null,
  isKeyOptional: true,
  isEmbedded: true,
  source: "this file",
});
