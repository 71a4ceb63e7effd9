/** What reaches Google AI Studio, against @google/genai. */
import type { GoogleGenAI } from "@google/genai";
import { asChat, asCohereEmbed, asCount, asEmbedding, asMessage, asResponse } from "../callers.ts";
import { ANSWER_SCHEMA, CHAT_JSON_SCHEMA, CHAT_QUESTION, QUESTION, SYSTEM, WAV } from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, GEMINI_2_5, GEMINI_3, generate, MAX_TOKENS, OPTIONS } from "./sdk.ts";

const EMBEDDING = "gemini-embedding-001";

const SPEAKER = {
  theirs: "user",
  ours: undefined,
  why: "what is embedded has no speaker; the API's own example names none: https://ai.google.dev/api/embeddings",
};

const TITLE = {
  "body.generationConfig.responseJsonSchema.title": {
    ours: "weather_report",
    why: "the schema's name has no other place",
  },
};

const CASES: readonly OracleCase<GoogleGenAI>[] = [
  {
    name: "a plain question",
    model: GEMINI_3,
    sdk: generate(QUESTION),
    callers: [asChat({ messages: CHAT_QUESTION }), asResponse({ input: QUESTION })],
  },
  {
    name: "a model's whole resource name",
    model: GEMINI_2_5,
    sdk: (sdk, model) => sdk.models.generateContent({ model: `models/${model}`, contents: QUESTION }),
    callers: [asChat({ messages: CHAT_QUESTION })],
  },
  {
    name: "a limit",
    model: GEMINI_3,
    sdk: generate(QUESTION, { maxOutputTokens: 100 }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_completion_tokens: 100 }),
      asResponse({ input: QUESTION, max_output_tokens: 100 }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "a system prompt",
    model: GEMINI_3,
    sdk: generate(QUESTION, { systemInstruction: { parts: [{ text: SYSTEM }] } }),
    callers: [
      asChat({ messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION] }),
      asResponse({ instructions: SYSTEM, input: QUESTION }),
      asMessage({ system: SYSTEM, max_tokens: 100, messages: CHAT_QUESTION }, MAX_TOKENS),
    ],
  },
  {
    name: "a system prompt as a bare text",
    model: GEMINI_3,
    sdk: generate(QUESTION, { systemInstruction: SYSTEM }),
    callers: [
      asChat(
        { messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION] },
        { "body.systemInstruction.role": { ours: undefined, why: "the SDK's helper; instructions have no speaker" } },
      ),
    ],
  },
  {
    name: "several turns",
    model: GEMINI_3,
    sdk: generate([{ role: "user", parts: [{ text: "Hi." }] }, { role: "model", parts: [{ text: "Hello." }] }, ask]),
    callers: [
      asChat({
        messages: [{ role: "user", content: "Hi." }, { role: "assistant", content: "Hello." }, ...CHAT_QUESTION],
      }),
    ],
  },
  {
    name: "a stream",
    model: GEMINI_3,
    sdk: (sdk, model) =>
      sdk.models.generateContentStream({ model, contents: QUESTION, config: { maxOutputTokens: 100 } }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asResponse({ input: QUESTION, max_output_tokens: 100, stream: true }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
    ],
  },
  {
    name: "sampling settings",
    model: GEMINI_2_5,
    sdk: generate(QUESTION, {
      temperature: 0.3,
      topP: 0.9,
      topK: 40,
      seed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: 0.25,
      stopSequences: ["END", "STOP"],
      candidateCount: 2,
      responseLogprobs: true,
      logprobs: 3,
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        seed: 7,
        presence_penalty: 0.5,
        frequency_penalty: 0.25,
        stop: ["END", "STOP"],
        n: 2,
        logprobs: true,
        top_logprobs: 3,
      }),
    ],
  },
  {
    name: "sampling settings that Anthropic has, too",
    model: GEMINI_2_5,
    sdk: generate(QUESTION, {
      maxOutputTokens: 100,
      temperature: 0.3,
      topP: 0.9,
      topK: 40,
      stopSequences: ["END"],
    }),
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
    name: "an image at Google's own address",
    model: GEMINI_3,
    sdk: generate([
      {
        role: "user",
        parts: [{ fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc" } }],
      },
    ]),
    callers: [
      asChat({
        messages: [
          {
            role: "user",
            content: [
              {
                type: "image_url",
                image_url: { url: "https://generativelanguage.googleapis.com/v1beta/files/abc" },
              },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "audio",
    model: GEMINI_3,
    sdk: generate([{ role: "user", parts: [{ inlineData: { mimeType: "audio/wav", data: WAV } }] }]),
    callers: [
      asChat({
        messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: WAV, format: "wav" } }] }],
      }),
    ],
  },
  {
    name: "JSON mode",
    model: GEMINI_3,
    sdk: generate(QUESTION, { responseMimeType: "application/json" }),
    callers: [
      asChat({ messages: CHAT_QUESTION, response_format: { type: "json_object" } }),
      asResponse({ input: QUESTION, text: { format: { type: "json_object" } } }),
    ],
  },
  {
    name: "a JSON schema",
    model: GEMINI_3,
    sdk: generate(QUESTION, { responseMimeType: "application/json", responseJsonSchema: ANSWER_SCHEMA }),
    callers: [
      asChat({ messages: CHAT_QUESTION, response_format: CHAT_JSON_SCHEMA }, TITLE),
      asResponse(
        {
          input: QUESTION,
          text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
        },
        TITLE,
      ),
    ],
  },
  {
    name: "a text to be embedded",
    model: EMBEDDING,
    sdk: (sdk, model) => sdk.models.embedContent({ model, contents: "Paris", config: { outputDimensionality: 256 } }),
    callers: [asEmbedding({ input: "Paris", dimensions: 256 })],
    differs: { "body.requests.0.content.role": SPEAKER },
  },
  {
    name: "texts to be embedded",
    model: EMBEDDING,
    sdk: (sdk, model) =>
      sdk.models.embedContent({ model, contents: ["Paris", "Rome"], config: { taskType: "RETRIEVAL_DOCUMENT" } }),
    callers: [asCohereEmbed({ texts: ["Paris", "Rome"], input_type: "search_document", embedding_types: ["float"] })],
    differs: { "body.requests.0.content.role": SPEAKER, "body.requests.1.content.role": SPEAKER },
  },
  {
    name: "counting tokens",
    model: GEMINI_3,
    sdk: (sdk, model) => sdk.models.countTokens({ model, contents: QUESTION }),
    callers: [asCount({ messages: CHAT_QUESTION })],
  },
];

describeOracle("Google AI Studio gets what its SDK sends: prompts", OPTIONS, CASES);
