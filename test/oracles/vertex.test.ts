/** What reaches Gemini on Vertex AI, against @google/genai. */
import {
  type Content,
  FunctionCallingConfigMode,
  type GenerateContentConfig,
  GoogleGenAI,
  type GoogleGenAIOptions,
  ThinkingLevel,
} from "@google/genai";
import { asChat, asCount, asEmbedding, asMessage, asResponse, replayed } from "./callers.ts";
import {
  ANSWER_SCHEMA,
  CHAT_JSON_SCHEMA,
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_RESULTS,
  CHAT_TOOL,
  CITY_SCHEMA,
  DESCRIPTION,
  MESSAGES_LOOP,
  MESSAGES_TOOL,
  PNG,
  PNG_URL,
  QUESTION,
  SYSTEM,
} from "./material.ts";
import { describeOracle, type OracleCase, PROVIDER_KEY } from "./stage.ts";

const GEMINI_3 = "gemini-3-flash-preview";
const GEMINI_2_5 = "gemini-2.5-flash";
const PROJECT = "example-project";
const REGION = "europe-west4";
const ACCESS_TOKEN = "ya29.example";

const LIMIT = { maxOutputTokens: 100 };
const ask: Content = { role: "user", parts: [{ text: QUESTION }] };
const tools = [
  { functionDeclarations: [{ name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA }] },
];
const callOf = (city: string) => ({ id: `call_${city.toLowerCase()}`, name: "weather", args: { city } });
const results: Content = {
  role: "user",
  parts: [
    { functionResponse: { id: "call_paris", name: "weather", response: { output: "18 degrees" } } },
    { functionResponse: { id: "call_rome", name: "weather", response: { output: "24 degrees" } } },
  ],
};
const thought: Content = {
  role: "model",
  parts: [
    { text: "Paris first.", thought: true },
    { functionCall: callOf("Paris"), thoughtSignature: "c2lnbmF0dXJl" },
    { functionCall: callOf("Rome") },
  ],
};
const SIGNED = { candidates: [{ index: 0, finishReason: "STOP", content: thought }], modelVersion: GEMINI_3 };

const generate = (contents: Content[] | string, config: GenerateContentConfig) => (sdk: GoogleGenAI, model: string) =>
  sdk.models.generateContent({ model, contents, config });

const CASES: readonly OracleCase<GoogleGenAI>[] = [
  {
    name: "a plain question",
    model: GEMINI_3,
    sdk: generate(QUESTION, LIMIT),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100 }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100 }),
      asResponse({ input: QUESTION, max_output_tokens: 100 }),
    ],
  },
  {
    name: "a stream",
    model: GEMINI_3,
    sdk: (sdk, model) => sdk.models.generateContentStream({ model, contents: QUESTION, config: LIMIT }),
    callers: [
      asChat({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
      asMessage({ messages: CHAT_QUESTION, max_tokens: 100, stream: true }),
    ],
  },
  {
    name: "a system prompt, an image and sampling settings",
    model: GEMINI_2_5,
    sdk: generate(
      [
        {
          role: "user",
          parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: PNG } }],
        },
      ],
      {
        systemInstruction: { parts: [{ text: SYSTEM }] },
        maxOutputTokens: 100,
        temperature: 0.3,
        topP: 0.9,
        topK: 40,
        stopSequences: ["END"],
        seed: 7,
      },
    ),
    callers: [
      asChat({
        messages: [
          { role: "system", content: SYSTEM },
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image_url", image_url: { url: PNG_URL } },
            ],
          },
        ],
        max_tokens: 100,
        temperature: 0.3,
        top_p: 0.9,
        top_k: 40,
        stop: ["END"],
        seed: 7,
      }),
    ],
  },
  {
    name: "an image in Cloud Storage",
    model: GEMINI_3,
    sdk: generate(
      [{ role: "user", parts: [{ fileData: { fileUri: "gs://example/cat.png", mimeType: "image/png" } }] }],
      LIMIT,
    ),
    callers: [
      asChat({
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "gs://example/cat.png" } }] }],
        max_tokens: 100,
      }),
    ],
  },
  {
    name: "a forced tool",
    model: GEMINI_3,
    sdk: generate([ask], {
      ...LIMIT,
      tools,
      toolConfig: {
        functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["weather"] },
      },
    }),
    callers: [
      asChat({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        tools: [CHAT_TOOL],
        tool_choice: { type: "function", function: { name: "weather" } },
      }),
      asMessage({
        messages: CHAT_QUESTION,
        max_tokens: 100,
        tools: [MESSAGES_TOOL],
        tool_choice: { type: "tool", name: "weather" },
      }),
    ],
  },
  {
    name: "a tool loop with two calls at once",
    model: GEMINI_2_5,
    sdk: generate(
      [
        ask,
        {
          role: "model",
          parts: [{ text: "Let me look." }, { functionCall: callOf("Paris") }, { functionCall: callOf("Rome") }],
        },
        results,
      ],
      { ...LIMIT, tools },
    ),
    callers: [
      asChat({ messages: CHAT_LOOP, max_tokens: 100, tools: [CHAT_TOOL] }),
      asMessage({ messages: MESSAGES_LOOP, max_tokens: 100, tools: [MESSAGES_TOOL] }),
    ],
  },
  {
    name: "thinking replayed in a tool loop",
    model: GEMINI_3,
    sdk: generate([ask, thought, results], { ...LIMIT, tools }),
    callers: [
      replayed(
        asChat({ messages: CHAT_QUESTION, max_tokens: 100, tools: [CHAT_TOOL] }),
        SIGNED,
        (answer: { readonly choices: readonly { readonly message: object }[] }) => ({
          messages: [...CHAT_QUESTION, answer.choices[0]?.message, ...CHAT_RESULTS],
          max_tokens: 100,
          tools: [CHAT_TOOL],
        }),
      ),
    ],
  },
  {
    name: "a JSON schema",
    model: GEMINI_3,
    sdk: generate(QUESTION, {
      ...LIMIT,
      responseMimeType: "application/json",
      responseJsonSchema: { ...ANSWER_SCHEMA, title: "weather_report" },
    }),
    callers: [asChat({ messages: CHAT_QUESTION, max_tokens: 100, response_format: CHAT_JSON_SCHEMA })],
  },
  {
    name: "an effort as a level",
    model: GEMINI_3,
    sdk: generate(QUESTION, {
      ...LIMIT,
      thinkingConfig: { thinkingLevel: ThinkingLevel.LOW, includeThoughts: true },
    }),
    callers: [asChat({ messages: CHAT_QUESTION, max_tokens: 100, reasoning_effort: "low" })],
  },
  {
    name: "counting tokens",
    model: GEMINI_3,
    sdk: (sdk, model) =>
      sdk.models.countTokens({ model, contents: [ask], config: { systemInstruction: { parts: [{ text: SYSTEM }] } } }),
    callers: [asCount({ system: SYSTEM, messages: CHAT_QUESTION })],
  },
];

const EMBEDDING: OracleCase<GoogleGenAI> = {
  name: "a text to be embedded",
  model: "gemini-embedding-2-preview",
  sdk: (sdk, model) => sdk.models.embedContent({ model, contents: "Paris", config: { outputDimensionality: 256 } }),
  callers: [asEmbedding({ input: "Paris", dimensions: 256 })],
  differs: {
    "body.content.role": { theirs: "user", ours: undefined, why: "what is embedded has no speaker" },
  },
};

/** Signed in, without a token being fetched for it. */
const signedIn = {
  getRequestHeaders: async () => new Headers({ authorization: `Bearer ${ACCESS_TOKEN}` }),
} as unknown as NonNullable<NonNullable<GoogleGenAIOptions["googleAuthOptions"]>["authClient"]>;

describeOracle(
  "Vertex AI gets what its SDK sends",
  {
    provider: "vertex",
    entry: { project: PROJECT, region: REGION },
    apiKey: ACCESS_TOKEN,
    open: (baseUrl) =>
      new GoogleGenAI({
        vertexai: true,
        project: PROJECT,
        location: REGION,
        googleAuthOptions: { authClient: signedIn },
        httpOptions: { baseUrl },
      }),
  },
  [...CASES, EMBEDDING],
);

describeOracle(
  "Vertex AI in express mode gets what its SDK sends",
  {
    provider: "vertex-express",
    open: (baseUrl) => new GoogleGenAI({ vertexai: true, apiKey: PROVIDER_KEY, httpOptions: { baseUrl } }),
  },
  CASES,
);
