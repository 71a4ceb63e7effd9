/** What the fake providers say and the clients expect to hear: the one place both sides of these tests share. */

export const DIALECTS = [
  "openai-chat",
  "openai-responses",
  "anthropic-messages",
  "gemini",
  "bedrock-converse",
  "cohere",
  "ollama",
] as const;
export type FakeDialectId = (typeof DIALECTS)[number];

/** Every dialect but the caller's own: what a request must be translated for. */
export function othersThan(...own: readonly FakeDialectId[]): readonly FakeDialectId[] {
  return DIALECTS.filter((dialect) => !own.includes(dialect));
}

export const ERROR_KINDS = [
  "authentication",
  "permission",
  "not-found",
  "rate-limit",
  "context-window",
  "content-policy",
  "overloaded",
  "billing",
  "server",
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export type Scenario =
  | "plain"
  | "stream"
  | "tools"
  /** Reasoning before the two calls; the second turn must bring its signature back where the dialect has one. */
  | "reasoning-tools"
  | "json-schema"
  | "image"
  | "reasoning"
  | "usage"
  | "embed"
  | "rerank"
  | "error-midstream"
  | `error-${ErrorKind}`;

/** Bedrock knows by a model's name what it can do; a scenario's own name says nothing of that. */
const BEDROCK_MODELS: Partial<Record<Scenario, string>> = {
  reasoning: "anthropic.claude-sonnet-4-5.reasoning",
  "reasoning-tools": "anthropic.claude-sonnet-4-5.reasoning-tools",
  embed: "cohere.embed",
  rerank: "cohere.rerank",
};

/** The model's name by which a caller asks a fake provider for a scenario. The provider goes by what stands behind the last dot. */
export function modelOf(dialect: FakeDialectId, scenario: Scenario): string {
  const model = dialect === "bedrock-converse" ? (BEDROCK_MODELS[scenario] ?? scenario) : scenario;
  return `fake-${dialect}/${model}`;
}

export const PROVIDER_KEY = "sk-upstream-example";
export const CALLER_KEY = "sk-caller-example";

/** Pieces of the plain text as a stream gives them; the second is cut inside what some terminals show as one sign. */
export const PLAIN_PIECES = ["Hello ", "from the other side: 你好 👋", "."] as const;
export const PLAIN_TEXT = PLAIN_PIECES.join("");
/** What the error scenario in mid-stream says before its error. */
export const MIDSTREAM_TEXT = PLAIN_PIECES[0];
export const MIDSTREAM_MESSAGE = "Overloaded in mid-stream.";

// ---- Tools -----------------------------------------------------------------------------------------------------------

export type ToolName = "get_weather" | "get_time";
/** The two calls of the first turn, in this order. */
export const TOOL_CALLS: readonly { readonly name: ToolName; readonly arguments: Readonly<Record<string, string>> }[] =
  [
    { name: "get_weather", arguments: { city: "Paris" } },
    { name: "get_time", arguments: { zone: "Europe/Paris" } },
  ];
/** What the caller's tools give back; a result counts as the right one when these words stand in it. */
export const TOOL_RESULTS: Readonly<Record<ToolName, string>> = { get_weather: "21 degrees", get_time: "noon" };
export const TOOL_ANSWER = "It is 21 degrees and noon in Paris.";
/** JSON schemas of the tools' parameters. */
export const TOOL_PARAMETERS = {
  get_weather: {
    type: "object",
    properties: { city: { type: "string", description: "The city's name." } },
    required: ["city"],
    additionalProperties: false,
  },
  get_time: {
    type: "object",
    properties: { zone: { type: "string", description: "An IANA time zone." } },
    required: ["zone"],
    additionalProperties: false,
  },
} as const satisfies Record<ToolName, unknown>;
export const TOOL_DESCRIPTIONS: Readonly<Record<ToolName, string>> = {
  get_weather: "The weather in a city.",
  get_time: "The time in a zone.",
};

// ---- JSON schema -----------------------------------------------------------------------------------------------------

export const JSON_ANSWER = { city: "Paris", degrees: 21 } as const;
export const JSON_TEXT = JSON.stringify(JSON_ANSWER);
/** What a caller asks for; the fake providers look for the two properties and their types. */
export const JSON_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
} as const;

// ---- Image -----------------------------------------------------------------------------------------------------------

/** One red pixel. */
export const PNG_BASE64 =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
export const PNG_DATA_URL = `data:image/png;base64,${PNG_BASE64}`;
export const IMAGE_TEXT = "A red square.";

// ---- Reasoning -------------------------------------------------------------------------------------------------------

export const REASONING_PIECES = ["Let me ", "think."] as const;
export const REASONING_TEXT = REASONING_PIECES.join("");
export const REASONING_ANSWER = "I thought about it.";
/** The second turn's answer: whether the assistant message held the reasoning (with its signature, where there is one) or none. */
export const REASONING_KEPT = "My reasoning came back.";
export const REASONING_LOST = "None of my reasoning came back.";
/** What each provider signs or encrypts its reasoning with; null where its API has nothing of the kind. */
export const SIGNATURES: Readonly<Record<FakeDialectId, string | null>> = {
  "openai-chat": null,
  "openai-responses": "gAAAAABexample-encrypted-reasoning_-==",
  "anthropic-messages": "EqQBCgIYAhIkExample+Signature/Anthropic==",
  gemini: "CiQBExampleThoughtSignature/Gemini+w==",
  "bedrock-converse": "EtQBExample+Signature/Bedrock==",
  cohere: null,
  ollama: null,
};

// ---- Usage -----------------------------------------------------------------------------------------------------------

export type UsageFacts = {
  /** Everything read, cached tokens included. */
  readonly input: number;
  /** Everything written, reasoning included. */
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
};
/** What every scenario but `usage` reports. */
export const SMALL_USAGE: UsageFacts = { input: 11, output: 5, cached: 0, reasoning: 0 };
/** What scenario `usage` reports. */
export const USAGE: UsageFacts = { input: 120, output: 40, cached: 64, reasoning: 24 };
/** Which sub-counts a provider's API can say at all. */
export const TELLS: Readonly<Record<FakeDialectId, { readonly cached: boolean; readonly reasoning: boolean }>> = {
  "openai-chat": { cached: true, reasoning: true },
  "openai-responses": { cached: true, reasoning: true },
  "anthropic-messages": { cached: true, reasoning: false },
  gemini: { cached: true, reasoning: true },
  "bedrock-converse": { cached: true, reasoning: false },
  cohere: { cached: true, reasoning: true },
  ollama: { cached: false, reasoning: false },
};

// ---- Embeddings and rerank -------------------------------------------------------------------------------------------

export const EMBED_INPUTS = ["first text", "second text"] as const;
/** Numbers that float32 holds exactly. */
export const EMBED_VECTORS = [
  [1, 0.5, -0.25, 0.125],
  [-1, 0.75, 0.0625, 2],
] as const;
export const EMBED_TOKENS = 6;
/** What a provider that counts tokens says, whatever it is asked. */
export const COUNTED_TOKENS = 42;

export const RERANK_QUERY = "Which is the capital of France?";
export const RERANK_DOCUMENTS = [
  "Berlin is in Germany.",
  "Paris is the capital of France.",
  "Nice is in France.",
] as const;
export const RERANK_RESULTS = [
  { index: 1, score: 0.96875 },
  { index: 2, score: 0.25 },
] as const;

// ---- Errors ----------------------------------------------------------------------------------------------------------

/** Seconds of the rate limit's `retry-after`. */
export const RETRY_AFTER_SECONDS = 3;

/** What a caller of any dialect is to understand, whichever provider said it. */
export type ErrorFacts = {
  /** Status with which the provider answers. */
  readonly status: number;
  /** Status for the caller, where the provider's own API says the same thing by another one. */
  readonly callerStatus: number;
  readonly message: string;
};
