/** What reaches OpenAI's chat completions and embeddings, against openai. */
import type OpenAI from "openai";
import { asGemini, asMessage, asOllama, asResponse, type Differs } from "../callers.ts";
import {
  CHAT_QUESTION,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  MESSAGES_TOOL,
  mutable,
  PDF,
  PDF_URL,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, GEMINI_QUESTION, GPT_4O, OPTIONS, type Params, user } from "./sdk.ts";

const tool = mutable(CHAT_TOOL) as unknown as OpenAI.ChatCompletionTool;

/** A call with one tool, and how it may be called. */
const choosing = (fields: Partial<Params>) =>
  create({ messages: ask, max_completion_tokens: 100, tools: [tool], ...fields });

const messageChoosing = (choice: object) =>
  asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL], tool_choice: choice });

const responseChoosing = (fields: object, differs?: Differs) =>
  asResponse({ max_output_tokens: 100, input: QUESTION, tools: [RESPONSES_TOOL], ...fields }, differs);

const geminiChoosing = (functionCallingConfig: object) =>
  asGemini({
    contents: GEMINI_QUESTION,
    generationConfig: { maxOutputTokens: 100 },
    tools: GEMINI_TOOLS,
    toolConfig: { functionCallingConfig },
  });

const GEMINI_TOOLS = [
  { functionDeclarations: [{ name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA }] },
];

/** A Responses tool says that it is not strict, which a chat tool does not. */
const NOT_STRICT = {
  "body.tools.0.function.strict": { theirs: undefined, ours: false, why: "the caller's own word" },
};

const CASES: readonly OracleCase<OpenAI>[] = [
  {
    name: "a user of Anthropic's callers",
    model: GPT_4O,
    sdk: create({ messages: ask, max_completion_tokens: 100, user: "user-1", service_tier: "auto" }),
    callers: [
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        metadata: { user_id: "user-1" },
        service_tier: "auto",
      }),
    ],
  },
  {
    name: "an image of the caller's",
    model: GPT_4O,
    sdk: create({
      messages: [
        user([
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: PNG_URL } },
        ]),
      ],
      max_completion_tokens: 100,
    }),
    callers: [
      asMessage({
        max_tokens: 100,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
            ],
          },
        ],
      }),
      asGemini({
        contents: [
          { role: "user", parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: PNG } }] },
        ],
        generationConfig: { maxOutputTokens: 100 },
      }),
      asOllama({
        messages: [{ role: "user", content: "What is this?", images: [PNG] }],
        stream: false,
        options: { num_predict: 100 },
      }),
    ],
  },
  {
    name: "a PDF of the caller's",
    model: GPT_4O,
    sdk: create({
      messages: [
        user([
          { type: "file", file: { filename: "report.pdf", file_data: PDF_URL } },
          { type: "text", text: "Sum it up." },
        ]),
      ],
      max_completion_tokens: 100,
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
                title: "report.pdf",
                source: { type: "base64", media_type: "application/pdf", data: PDF },
              },
              { type: "text", text: "Sum it up." },
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
              { type: "input_file", filename: "report.pdf", file_data: PDF_URL },
              { type: "input_text", text: "Sum it up." },
            ],
          },
        ],
      }),
      asGemini(
        {
          contents: [
            {
              role: "user",
              parts: [{ inlineData: { mimeType: "application/pdf", data: PDF } }, { text: "Sum it up." }],
            },
          ],
          generationConfig: { maxOutputTokens: 100 },
        },
        { "body.messages.0.content.0.file.filename": { ours: "file.pdf", why: "the caller's part has no name" } },
      ),
    ],
  },
  {
    name: "a tool",
    model: GPT_4O,
    sdk: choosing({}),
    callers: [
      asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [MESSAGES_TOOL] }),
      responseChoosing({}, NOT_STRICT),
      asGemini({
        contents: GEMINI_QUESTION,
        generationConfig: { maxOutputTokens: 100 },
        tools: GEMINI_TOOLS,
      }),
      asOllama({
        messages: CHAT_QUESTION,
        stream: false,
        options: { num_predict: 100 },
        tools: [CHAT_TOOL],
      }),
    ],
  },
  {
    name: "a strict tool",
    model: GPT_4O,
    sdk: choosing({
      tools: [{ ...tool, function: { ...mutable(CHAT_TOOL.function), strict: true } } as OpenAI.ChatCompletionTool],
    }),
    callers: [
      responseChoosing({ tools: [{ ...RESPONSES_TOOL, strict: true }] }),
      asMessage({ max_tokens: 100, messages: CHAT_QUESTION, tools: [{ ...MESSAGES_TOOL, strict: true }] }),
    ],
  },
  {
    name: "a tool without arguments",
    model: GPT_4O,
    sdk: create({
      messages: ask,
      tools: [{ type: "function", function: { name: "clock", description: "The time." } }],
    }),
    callers: [
      asGemini({
        contents: GEMINI_QUESTION,
        tools: [{ functionDeclarations: [{ name: "clock", description: "The time." }] }],
      }),
    ],
  },
  {
    name: "tool_choice auto",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "auto" }),
    callers: [
      messageChoosing({ type: "auto" }),
      responseChoosing({ tool_choice: "auto" }, NOT_STRICT),
      geminiChoosing({ mode: "AUTO" }),
    ],
  },
  {
    name: "tool_choice required",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "required" }),
    callers: [
      messageChoosing({ type: "any" }),
      responseChoosing({ tool_choice: "required" }, NOT_STRICT),
      geminiChoosing({ mode: "ANY" }),
    ],
  },
  {
    name: "tool_choice none",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "none" }),
    callers: [
      messageChoosing({ type: "none" }),
      responseChoosing({ tool_choice: "none" }, NOT_STRICT),
      geminiChoosing({ mode: "NONE" }),
    ],
  },
  {
    name: "tool_choice of a tool",
    model: GPT_4O,
    sdk: choosing({ tool_choice: { type: "function", function: { name: "weather" } } }),
    callers: [
      messageChoosing({ type: "tool", name: "weather" }),
      responseChoosing({ tool_choice: { type: "function", name: "weather" } }, NOT_STRICT),
      geminiChoosing({ mode: "ANY", allowedFunctionNames: ["weather"] }),
    ],
  },
  {
    name: "tool_choice of some tools",
    model: GPT_4O,
    sdk: choosing({
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "weather" } }] },
      },
    }),
    callers: [
      responseChoosing(
        {
          tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "weather" }] },
        },
        NOT_STRICT,
      ),
    ],
  },
  {
    name: "one call at a time",
    model: GPT_4O,
    sdk: choosing({ tool_choice: "auto", parallel_tool_calls: false }),
    callers: [
      messageChoosing({ type: "auto", disable_parallel_tool_use: true }),
      responseChoosing({ tool_choice: "auto", parallel_tool_calls: false }, NOT_STRICT),
    ],
  },
  {
    name: "a web search",
    model: "gpt-4o-search-preview",
    sdk: create({
      messages: ask,
      web_search_options: {
        search_context_size: "low",
        user_location: { type: "approximate", approximate: { country: "FR", city: "Paris" } },
      },
    }),
    callers: [
      asResponse({
        input: QUESTION,
        tools: [
          {
            type: "web_search",
            search_context_size: "low",
            user_location: { type: "approximate", country: "FR", city: "Paris" },
          },
        ],
      }),
    ],
  },
];

describeOracle("OpenAI's chat completions get what its SDK sends: tools", OPTIONS, CASES);
