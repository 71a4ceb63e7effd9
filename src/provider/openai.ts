import { defineProvider } from "./define.ts";

export default defineProvider({
  id: "openai",
  dialect: "openai-chat",
  baseUrl: "https://api.openai.com/v1",
  credential: { header: "authorization", scheme: "Bearer", env: "OPENAI_API_KEY" },
  source: "https://platform.openai.com/docs/api-reference/authentication",
});
