/** What reaches OpenAI's Responses API, against openai. */
import type OpenAI from "openai";
import { asChat, asCount, asGemini, asMessage } from "../callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_JSON_SCHEMA,
  CHAT_QUESTION,
  IMAGE_LINK,
  MESSAGES_TOOL,
  mutable,
  QUESTION,
  SYSTEM,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, GPT_4O, OPTIONS, system, tool, user } from "./sdk.ts";

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a plain question",
    model: GPT_4O,
    sdk: create({ input: ask }),
    callers: [
      asChat({ messages: CHAT_QUESTION }),
      asGemini({ contents: [{ role: "user", parts: [{ text: QUESTION }] }] }),
    ],
  },
  {
    name: "a limit",
    model: GPT_4O,
    sdk: create({ input: ask, max_output_tokens: 100 }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_completion_tokens: 100 }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "a system prompt",
    model: GPT_4O,
    sdk: create({ input: [system("system"), ...ask], max_output_tokens: 100 }),
    callers: [
      asChat({ messages: [{ role: "system", content: SYSTEM }, ...CHAT_QUESTION], max_completion_tokens: 100 }),
      asMessage({ system: SYSTEM, messages: CHAT_QUESTION, max_tokens: 100 }),
    ],
  },
  {
    name: "a stream",
    model: GPT_4O,
    sdk: (sdk, model) =>
      sdk.responses.create({ model, store: false, input: ask, max_output_tokens: 100, stream: true }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_completion_tokens: 100, stream: true }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
    ],
  },
  {
    name: "sampling settings",
    model: GPT_4O,
    sdk: create({
      input: ask,
      max_output_tokens: 100,
      temperature: 0.3,
      top_p: 0.9,
      top_logprobs: 3,
      include: ["message.output_text.logprobs"],
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        logprobs: true,
        top_logprobs: 3,
        frequency_penalty: 0,
        n: 1,
      }),
    ],
  },
  {
    name: "a user, metadata, storage and a tier",
    model: GPT_4O,
    sdk: create({
      input: ask,
      user: "user-1",
      metadata: { team: "weather" },
      store: true,
      service_tier: "flex",
      prompt_cache_key: "weather-1",
      prompt_cache_retention: "24h",
      text: { verbosity: "low" },
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        user: "user-1",
        metadata: { team: "weather" },
        store: true,
        service_tier: "flex",
        prompt_cache_key: "weather-1",
        prompt_cache_retention: "24h",
        verbosity: "low",
      }),
    ],
  },
  {
    name: "an image on the web",
    model: GPT_4O,
    sdk: create({ input: [user([{ type: "input_image", image_url: IMAGE_LINK, detail: "low" }])] }),
    callers: [
      asChat({
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: IMAGE_LINK, detail: "low" } }] }],
      }),
    ],
  },
  {
    name: "a file the provider holds",
    model: GPT_4O,
    sdk: create({ input: [user([{ type: "input_file", file_id: "file-example" }])] }),
    callers: [asChat({ messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file-example" } }] }] })],
  },
  {
    name: "JSON mode",
    model: GPT_4O,
    sdk: create({ input: ask, text: { format: { type: "json_object" } } }),
    callers: [asChat({ messages: CHAT_QUESTION, response_format: { type: "json_object" } })],
  },
  {
    name: "a JSON schema",
    model: GPT_4O,
    sdk: create({
      input: ask,
      text: {
        format: { type: "json_schema", name: "weather_report", schema: mutable(ANSWER_SCHEMA), strict: true },
      },
    }),
    callers: [
      asChat({ messages: CHAT_QUESTION, response_format: CHAT_JSON_SCHEMA }),
      asMessage(
        {
          max_tokens: 100,
          messages: CHAT_QUESTION,
          output_config: { format: { type: "json_schema", schema: ANSWER_SCHEMA } },
        },
        {
          "body.max_output_tokens": { ours: 100, why: "the caller must say it" },
          "body.text.format.strict": {
            ours: undefined,
            why: "strictness here wants more of a schema than it does there",
          },
          "body.text.format.name": "the caller has no such word, and the API wants one",
        },
      ),
    ],
  },
  {
    name: "counting tokens",
    model: GPT_4O,
    sdk: (sdk, model) => sdk.responses.inputTokens.count({ model, input: [system("system"), ...ask], tools: [tool] }),
    callers: [asCount({ system: SYSTEM, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] })],
  },
];

describeOracle("OpenAI's Responses API gets what its SDK sends: prompts", OPTIONS, CASES);
