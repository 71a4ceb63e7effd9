/** What reaches Anthropic, against @anthropic-ai/sdk. */
import type Anthropic from "@anthropic-ai/sdk";
import { asChat, asCount, asGemini, asInputTokens, asResponse } from "../callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_JSON_SCHEMA,
  CHAT_QUESTION,
  CITY_SCHEMA,
  DESCRIPTION,
  IMAGE_LINK,
  mutable,
  PDF_LINK,
  QUESTION,
  RESPONSES_TOOL,
  SYSTEM,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, OPTIONS, SONNET, tool, user } from "./sdk.ts";

const CASES: readonly OracleCase<Anthropic>[] = [
  {
    name: "a plain question",
    model: SONNET,
    sdk: create({ max_tokens: 100, messages: [ask] }),
    callers: [
      asChat({ max_tokens: 100, messages: CHAT_QUESTION }),
      asResponse({ max_output_tokens: 100, input: QUESTION }),
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: { maxOutputTokens: 100 },
      }),
    ],
  },
  {
    name: "a system prompt",
    model: SONNET,
    sdk: create({ max_tokens: 100, system: SYSTEM, messages: [ask] }),
    callers: [
      asChat({ max_tokens: 100, messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION] }),
      asChat({ max_completion_tokens: 100, messages: [{ role: "developer", content: SYSTEM }, ...CHAT_QUESTION] }),
      asResponse({ max_output_tokens: 100, instructions: SYSTEM, input: QUESTION }),
      asGemini({
        systemInstruction: { parts: [{ text: SYSTEM }] },
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: { maxOutputTokens: 100 },
      }),
    ],
  },
  {
    name: "several turns",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [user("Hi."), { role: "assistant", content: "Hello." }, ask],
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [{ role: "user", content: "Hi." }, { role: "assistant", content: "Hello." }, ...CHAT_QUESTION],
      }),
      asResponse({
        max_output_tokens: 100,
        input: [
          { role: "user", content: "Hi." },
          { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello.", annotations: [] }] },
          { role: "user", content: QUESTION },
        ],
      }),
    ],
  },
  {
    name: "a stream",
    model: SONNET,
    sdk: (sdk, model) => sdk.messages.create({ model, max_tokens: 100, messages: [ask], stream: true }),
    callers: [
      asChat({ max_tokens: 100, messages: CHAT_QUESTION, stream: true, stream_options: { include_usage: true } }),
      asResponse({ max_output_tokens: 100, input: QUESTION, stream: true }),
    ],
  },
  {
    name: "a stream through the SDK's helper",
    model: SONNET,
    sdk: (sdk, model) => sdk.messages.stream({ model, max_tokens: 100, messages: [ask] }).finalMessage(),
    callers: [asChat({ max_tokens: 100, messages: CHAT_QUESTION, stream: true })],
  },
  {
    name: "sampling settings",
    model: "claude-sonnet-4-20250514",
    sdk: create({
      max_tokens: 100,
      messages: [ask],
      stop_sequences: ["END", "STOP"],
      // The SDK sends what it has no types for any more (its README, "Undocumented request params").
      ...{ temperature: 0.3, top_p: 0.9, top_k: 40 },
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: CHAT_QUESTION,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        stop: ["END", "STOP"],
      }),
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: {
          maxOutputTokens: 100,
          temperature: 0.3,
          topP: 0.9,
          topK: 40,
          stopSequences: ["END", "STOP"],
        },
      }),
    ],
  },
  {
    name: "one stop sequence",
    model: SONNET,
    sdk: create({ max_tokens: 100, messages: [ask], stop_sequences: ["END"] }),
    callers: [asChat({ max_tokens: 100, messages: CHAT_QUESTION, stop: "END" })],
  },
  {
    name: "a user, a tier and neutral values of settings that are not there",
    model: SONNET,
    sdk: create({ max_tokens: 100, messages: [ask], metadata: { user_id: "user-1" }, service_tier: "auto" }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: CHAT_QUESTION,
        user: "user-1",
        service_tier: "auto",
        n: 1,
        frequency_penalty: 0,
        presence_penalty: 0,
        logprobs: false,
      }),
      asResponse({ max_output_tokens: 100, input: QUESTION, safety_identifier: "user-1", service_tier: "auto" }),
    ],
  },
  {
    name: "an image on the web",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [
        user([
          { type: "image", source: { type: "url", url: IMAGE_LINK } },
          { type: "text", text: "What is this?" },
        ]),
      ],
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [
          {
            role: "user",
            content: [
              { type: "image_url", image_url: { url: IMAGE_LINK, detail: "high" } },
              { type: "text", text: "What is this?" },
            ],
          },
        ],
      }),
      asResponse({
        max_output_tokens: 100,
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
    name: "a PDF on the web",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [user([{ type: "document", source: { type: "url", url: PDF_LINK } }])],
    }),
    callers: [
      asResponse({
        max_output_tokens: 100,
        input: [{ role: "user", content: [{ type: "input_file", file_url: PDF_LINK }] }],
      }),
    ],
  },
  {
    name: "a JSON schema",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [ask],
      output_config: { format: { type: "json_schema", schema: mutable(ANSWER_SCHEMA) } },
    }),
    callers: [
      asChat({ max_tokens: 100, messages: CHAT_QUESTION, response_format: CHAT_JSON_SCHEMA }),
      asResponse({
        max_output_tokens: 100,
        input: QUESTION,
        text: { format: { type: "json_schema", name: "weather_report", schema: ANSWER_SCHEMA, strict: true } },
      }),
      asGemini({
        contents: [{ role: "user", parts: [{ text: QUESTION }] }],
        generationConfig: {
          maxOutputTokens: 100,
          responseMimeType: "application/json",
          responseJsonSchema: ANSWER_SCHEMA,
        },
      }),
    ],
  },
  {
    name: "cache hints",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      system: [{ type: "text", text: SYSTEM, cache_control: { type: "ephemeral", ttl: "1h" } }],
      messages: [user([{ type: "text", text: QUESTION, cache_control: { type: "ephemeral" } }])],
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [
          {
            role: "system",
            content: [{ type: "text", text: SYSTEM, cache_control: { type: "ephemeral", ttl: "1h" } }],
          },
          { role: "user", content: [{ type: "text", text: QUESTION, cache_control: { type: "ephemeral" } }] },
        ],
      }),
    ],
  },
  {
    name: "counting tokens",
    model: SONNET,
    sdk: (sdk, model) => sdk.messages.countTokens({ model, system: SYSTEM, messages: [ask], tools: [tool] }),
    callers: [
      asInputTokens({ instructions: SYSTEM, input: QUESTION, tools: [RESPONSES_TOOL] }),
      asCount({
        system: SYSTEM,
        messages: CHAT_QUESTION,
        tools: [{ name: "weather", description: DESCRIPTION, input_schema: CITY_SCHEMA }],
      }),
    ],
  },
];

describeOracle("Anthropic gets what its SDK sends: prompts", OPTIONS, CASES);
