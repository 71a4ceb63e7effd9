/** Endpoint names that readers and writers tell apart. */
export const GENERATE = "ollama.generate";
export const EMBEDDINGS = "ollama.embeddings";
