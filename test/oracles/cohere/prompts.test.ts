/** What reaches Cohere, against cohere-ai. */
import type { CohereClientV2 } from "cohere-ai";
import { asChat, asCohere, asEmbedding, asGemini, asMessage, asOllamaEmbed, asRerank, asResponse } from "../callers.ts";
import { ANSWER_SCHEMA, CHAT_JSON_SCHEMA, CHAT_QUESTION, mutable, PNG_URL, QUESTION, SYSTEM } from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, chat, COMMAND, OPTIONS, VISION } from "./sdk.ts";

const EMBED = "embed-v4.0";

const CASES: readonly OracleCase<CohereClientV2>[] = [
  {
    name: "a plain question",
    model: COMMAND,
    sdk: chat({ messages: [ask] }),
    callers: [
      asChat({ messages: CHAT_QUESTION }),
      asResponse({ input: QUESTION }),
      asGemini({ contents: [{ role: "user", parts: [{ text: QUESTION }] }] }),
      asCohere({ messages: CHAT_QUESTION }),
    ],
  },
  {
    name: "a system prompt and a limit",
    model: COMMAND,
    sdk: chat({ messages: [{ role: "system", content: SYSTEM }, ask], maxTokens: 100 }),
    callers: [
      asChat({ messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION], max_tokens: 100 }),
      asChat({ messages: [{ role: "developer", content: SYSTEM }, ...CHAT_QUESTION], max_completion_tokens: 100 }),
      asResponse({ instructions: SYSTEM, input: QUESTION, max_output_tokens: 100 }),
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "several turns",
    model: COMMAND,
    sdk: chat({
      messages: [{ role: "user", content: "Hi." }, { role: "assistant", content: "Hello." }, ask],
    }),
    callers: [
      asChat({
        messages: [{ role: "user", content: "Hi." }, { role: "assistant", content: "Hello." }, ...CHAT_QUESTION],
      }),
    ],
  },
  {
    name: "a stream",
    model: COMMAND,
    sdk: (sdk, model) => sdk.chatStream({ model, messages: [ask], maxTokens: 100 }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asResponse({ input: QUESTION, max_output_tokens: 100, stream: true }),
    ],
  },
  {
    name: "sampling settings",
    model: COMMAND,
    sdk: chat({
      messages: [ask],
      maxTokens: 100,
      temperature: 0.3,
      p: 0.9,
      k: 40,
      seed: 7,
      frequencyPenalty: 0.25,
      presencePenalty: 0.5,
      stopSequences: ["END", "STOP"],
      logprobs: true,
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        seed: 7,
        frequency_penalty: 0.25,
        presence_penalty: 0.5,
        stop: ["END", "STOP"],
        logprobs: true,
        n: 1,
      }),
    ],
  },
  {
    name: "sampling settings that others have, too",
    model: COMMAND,
    sdk: chat({ messages: [ask], maxTokens: 100, temperature: 0.3, p: 0.9, k: 40, stopSequences: ["END"] }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        stop_sequences: ["END"],
      }),
    ],
  },
  {
    name: "an image looked at closely",
    model: VISION,
    sdk: chat({
      messages: [{ role: "user", content: [{ type: "image_url", imageUrl: { url: PNG_URL, detail: "high" } }] }],
    }),
    callers: [
      asChat({
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: PNG_URL, detail: "high" } }] }],
      }),
    ],
  },
  {
    name: "a document to be cited",
    model: COMMAND,
    sdk: chat({
      messages: [ask],
      maxTokens: 100,
      documents: [{ id: "doc:0", data: { title: "weather.txt", text: "Paris: 18 degrees." } }],
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: [
          {
            role: "user",
            content: [
              {
                type: "document",
                title: "weather.txt",
                source: { type: "text", media_type: "text/plain", data: "Paris: 18 degrees." },
              },
              { type: "text", text: QUESTION },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "JSON mode",
    model: COMMAND,
    sdk: chat({ messages: [ask], responseFormat: { type: "json_object" } }),
    callers: [asChat({ messages: CHAT_QUESTION, response_format: { type: "json_object" } })],
  },
  {
    name: "a JSON schema",
    model: COMMAND,
    sdk: chat({
      messages: [ask],
      responseFormat: { type: "json_object", jsonSchema: mutable(ANSWER_SCHEMA) },
    }),
    callers: [
      asChat({ messages: CHAT_QUESTION, response_format: CHAT_JSON_SCHEMA }),
      asResponse({
        input: QUESTION,
        text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
      }),
    ],
  },
  {
    name: "texts to be embedded",
    model: EMBED,
    sdk: (sdk, model) =>
      sdk.embed({
        model,
        texts: ["Paris", "Rome"],
        inputType: "search_document",
        embeddingTypes: ["float"],
        outputDimension: 256,
      }),
    callers: [
      asEmbedding({ input: ["Paris", "Rome"], dimensions: 256 }),
      asOllamaEmbed({ input: ["Paris", "Rome"], dimensions: 256 }),
    ],
  },
  {
    name: "a text to be embedded in base64",
    model: EMBED,
    sdk: (sdk, model) =>
      sdk.embed({ model, texts: ["Paris"], inputType: "search_document", embeddingTypes: ["base64"] }),
    callers: [asEmbedding({ input: "Paris", encoding_format: "base64" })],
  },
  {
    name: "rerank",
    model: "rerank-v3.5",
    sdk: (sdk, model) =>
      sdk.rerank({ model, query: "weather", documents: ["Paris", "Rome"], topN: 1, maxTokensPerDoc: 512 }),
    callers: [asRerank({ query: "weather", documents: ["Paris", "Rome"], top_n: 1, max_tokens_per_doc: 512 })],
  },
];

describeOracle("Cohere gets what its SDK sends: prompts", OPTIONS, CASES);
