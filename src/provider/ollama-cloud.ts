import { defineProvider } from "./define.ts";

/** Ollama's own service, which answers as a remote Ollama host. */
export default defineProvider({
  id: "ollama-cloud",
  name: "Ollama Cloud",
  baseUrl: "https://ollama.com",
  surfaces: [{ dialect: "ollama", endpoints: { "ollama.chat": true, "ollama.generate": true } }],
  credential: { header: "authorization", scheme: "Bearer", env: ["OLLAMA_API_KEY"] },
  source: ["https://docs.ollama.com/cloud", "https://docs.ollama.com/api/authentication"],
  unchecked: "Whether it embeds, and whether it speaks the compatible APIs, is not said there; both are left out.",
});
