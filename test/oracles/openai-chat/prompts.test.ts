/** What reaches OpenAI's chat completions and embeddings, against openai. */
import type OpenAI from "openai";
import {
  asChat,
  asCohereEmbed,
  asEmbedding,
  asGemini,
  asGeminiStream,
  asMessage,
  asOllama,
  asOllamaEmbed,
  asResponse,
} from "../callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_JSON_SCHEMA,
  CHAT_QUESTION,
  IMAGE_LINK,
  mutable,
  QUESTION,
  SYSTEM,
  WAV,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, GEMINI_QUESTION, GPT_4O, OPTIONS, user } from "./sdk.ts";

const system: OpenAI.ChatCompletionMessageParam = { role: "system", content: SYSTEM };

/** Gemini's callers cannot say more than the schema. */
const UNSAID_SCHEMA = {
  "body.response_format.json_schema.schema.title": { ours: "weather_report", why: "a member of the caller's schema" },
  "body.response_format.json_schema.strict": { theirs: true, why: "the caller has no such word" },
};

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a plain question",
    model: GPT_4O,
    sdk: create({ messages: ask }),
    callers: [
      asChat({ messages: CHAT_QUESTION }),
      asResponse({ input: QUESTION }),
      asGemini({ contents: GEMINI_QUESTION }),
      asOllama({ messages: CHAT_QUESTION, stream: false }),
    ],
  },
  {
    name: "a limit",
    model: GPT_4O,
    sdk: create({ messages: ask, max_completion_tokens: 100 }),
    callers: [
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ input: QUESTION, max_output_tokens: 100 }),
      asGemini({ contents: GEMINI_QUESTION, generationConfig: { maxOutputTokens: 100 } }),
      asOllama({ messages: CHAT_QUESTION, stream: false, options: { num_predict: 100 } }),
    ],
  },
  {
    name: "a system prompt",
    model: GPT_4O,
    sdk: create({ messages: [system, ...ask], max_completion_tokens: 100 }),
    callers: [
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ instructions: SYSTEM, input: QUESTION, max_output_tokens: 100 }),
      asGemini({
        systemInstruction: { parts: [{ text: SYSTEM }] },
        contents: GEMINI_QUESTION,
        generationConfig: { maxOutputTokens: 100 },
      }),
    ],
  },
  {
    name: "a stream",
    model: GPT_4O,
    sdk: (sdk, model) =>
      sdk.chat.completions.create({
        model,
        messages: ask,
        max_completion_tokens: 100,
        stream: true,
        stream_options: { include_usage: true },
      }),
    callers: [
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asResponse({ input: QUESTION, max_output_tokens: 100, stream: true }),
      asGeminiStream({ contents: GEMINI_QUESTION, generationConfig: { maxOutputTokens: 100 } }),
      asOllama({ messages: CHAT_QUESTION, options: { num_predict: 100 } }),
    ],
  },
  {
    name: "sampling settings",
    model: GPT_4O,
    sdk: create({
      messages: ask,
      max_completion_tokens: 100,
      temperature: 0.3,
      top_p: 0.9,
      seed: 7,
      frequency_penalty: 0.25,
      presence_penalty: 0.5,
      stop: ["END", "STOP"],
      n: 2,
      logprobs: true,
      top_logprobs: 3,
    }),
    callers: [
      asGemini({
        contents: GEMINI_QUESTION,
        generationConfig: {
          maxOutputTokens: 100,
          temperature: 0.3,
          topP: 0.9,
          seed: 7,
          frequencyPenalty: 0.25,
          presencePenalty: 0.5,
          stopSequences: ["END", "STOP"],
          candidateCount: 2,
          responseLogprobs: true,
          logprobs: 3,
        },
      }),
    ],
  },
  {
    name: "sampling settings that others have, too",
    model: GPT_4O,
    sdk: create({ messages: ask, max_completion_tokens: 100, temperature: 0.3, top_p: 0.9, stop: ["END"] }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        stop_sequences: ["END"],
      }),
      asOllama({
        messages: CHAT_QUESTION,
        stream: false,
        options: { num_predict: 100, temperature: 0.3, top_p: 0.9, stop: ["END"] },
      }),
    ],
  },
  {
    name: "a user, metadata, storage and a tier",
    model: GPT_4O,
    sdk: create({
      messages: ask,
      user: "user-1",
      metadata: { team: "weather" },
      store: true,
      service_tier: "flex",
      prompt_cache_key: "weather-1",
      prompt_cache_retention: "24h",
      verbosity: "low",
    }),
    callers: [
      asResponse({
        input: QUESTION,
        user: "user-1",
        metadata: { team: "weather" },
        store: true,
        service_tier: "flex",
        prompt_cache_key: "weather-1",
        prompt_cache_retention: "24h",
        text: { verbosity: "low" },
      }),
    ],
  },
  {
    name: "an image on the web, looked at closely",
    model: GPT_4O,
    sdk: create({
      messages: [
        user([
          { type: "image_url", image_url: { url: IMAGE_LINK, detail: "high" } },
          { type: "text", text: "What is this?" },
        ]),
      ],
    }),
    callers: [
      asResponse({
        input: [
          {
            role: "user",
            content: [
              { type: "input_image", image_url: IMAGE_LINK, detail: "high" },
              { type: "input_text", text: "What is this?" },
            ],
          },
        ],
      }),
    ],
  },
  {
    name: "audio",
    model: "gpt-4o-audio-preview",
    sdk: create({ messages: [user([{ type: "input_audio", input_audio: { data: WAV, format: "wav" } }])] }),
    callers: [
      asGemini({ contents: [{ role: "user", parts: [{ inlineData: { mimeType: "audio/wav", data: WAV } }] }] }),
    ],
  },
  {
    name: "JSON mode",
    model: GPT_4O,
    sdk: create({ messages: ask, response_format: { type: "json_object" } }),
    callers: [
      asResponse({ input: QUESTION, text: { format: { type: "json_object" } } }),
      asGemini({ contents: GEMINI_QUESTION, generationConfig: { responseMimeType: "application/json" } }),
      asOllama({ messages: CHAT_QUESTION, stream: false, format: "json" }),
    ],
  },
  {
    name: "a JSON schema",
    model: GPT_4O,
    sdk: create({
      messages: ask,
      response_format: mutable(CHAT_JSON_SCHEMA) as unknown as OpenAI.ResponseFormatJSONSchema,
    }),
    callers: [
      asResponse({
        input: QUESTION,
        text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
      }),
      asGemini(
        {
          contents: GEMINI_QUESTION,
          generationConfig: {
            responseMimeType: "application/json",
            responseJsonSchema: { title: "weather_report", ...ANSWER_SCHEMA },
          },
        },
        UNSAID_SCHEMA,
      ),
    ],
  },
  {
    name: "texts to be embedded",
    model: "text-embedding-3-small",
    sdk: (sdk, model) =>
      sdk.embeddings.create({ model, input: ["Paris", "Rome"], encoding_format: "float", dimensions: 256 }),
    callers: [
      asCohereEmbed({
        texts: ["Paris", "Rome"],
        input_type: "search_document",
        embedding_types: ["float"],
        output_dimension: 256,
      }),
      asOllamaEmbed({ input: ["Paris", "Rome"], dimensions: 256 }),
      asEmbedding({ input: ["Paris", "Rome"], encoding_format: "float", dimensions: 256 }),
    ],
  },
];

describeOracle("OpenAI's chat completions get what its SDK sends: prompts", OPTIONS, CASES);
