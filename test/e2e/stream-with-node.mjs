// Run by Node.js: streams one answer with the official SDK and says, as JSON, what became of it.
//   node stream-with-node.mjs BASE_URL
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "sk-caller-example", baseURL: process.argv[2], maxRetries: 0, timeout: 20_000 });
let text = "";
try {
  const request = { model: "example", messages: [{ role: "user", content: "x" }] };
  for await (const event of await client.chat.completions.create({ ...request, stream: true })) {
    text += event.choices[0]?.delta.content ?? "";
  }
  console.log(JSON.stringify({ text, error: null }));
} catch (error) {
  const code = error.error?.code ?? error.code ?? null;
  console.log(JSON.stringify({ text, error: { isApiError: error instanceof OpenAI.APIError, code } }));
}
