/** What the calls are about: one weather tool, two cities, a small image, a small document. */

/** A PNG of one pixel. */
export const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const PNG_URL = `data:image/png;base64,${PNG}`;
export const IMAGE_LINK = "https://example.com/cat.jpg";

export const PDF = Buffer.from("%PDF-1.4\n%%EOF\n").toString("base64");
export const PDF_URL = `data:application/pdf;base64,${PDF}`;
export const PDF_LINK = "https://example.com/report.pdf";

export const WAV = Buffer.from("RIFF$\u0000\u0000\u0000WAVE").toString("base64");

export const SYSTEM = "You are terse.";
export const QUESTION = "What is the weather in Paris and in Rome?";
export const DESCRIPTION = "Current weather of a city.";

/** Arguments of the weather tool. */
export const CITY_SCHEMA = {
  type: "object",
  properties: { city: { type: "string", description: "Its name." }, unit: { type: "string", enum: ["C", "F"] } },
  required: ["city"],
} as const;

/** An answer's form. */
export const ANSWER_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "number" } },
  required: ["city", "degrees"],
  additionalProperties: false,
} as const;

/** A copy whose type an SDK takes where it wants lists and objects it may write to. */
export function mutable<T>(value: T): Mutable<T> {
  return structuredClone(value) as Mutable<T>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends object ? Mutable<T[Key]> : T[Key] };

// ---- The same in the words of OpenAI's chat API, which most callers speak

export const CHAT_TOOL = {
  type: "function",
  function: { name: "weather", description: DESCRIPTION, parameters: CITY_SCHEMA },
} as const;
/** A tool without arguments. */
export const CHAT_CLOCK = { type: "function", function: { name: "clock", description: "The time." } } as const;

export const CHAT_QUESTION = [{ role: "user", content: QUESTION }] as const;

/** An assistant's turn with two calls at once. */
export const CHAT_CALLS = {
  role: "assistant",
  content: "Let me look.",
  tool_calls: [
    { id: "call_paris", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } },
    { id: "call_rome", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } },
  ],
} as const;
export const CHAT_RESULTS = [
  { role: "tool", tool_call_id: "call_paris", content: "18 degrees" },
  { role: "tool", tool_call_id: "call_rome", content: "24 degrees" },
] as const;
export const CHAT_LOOP = [...CHAT_QUESTION, CHAT_CALLS, ...CHAT_RESULTS] as const;

export const CHAT_JSON_SCHEMA = {
  type: "json_schema",
  json_schema: { name: "weather_report", schema: ANSWER_SCHEMA, strict: true },
} as const;

// ---- And in the words of Anthropic's

export const MESSAGES_TOOL = { name: "weather", description: DESCRIPTION, input_schema: CITY_SCHEMA } as const;
export const MESSAGES_CALLS = {
  role: "assistant",
  content: [
    { type: "text", text: "Let me look." },
    { type: "tool_use", id: "call_paris", name: "weather", input: { city: "Paris" } },
    { type: "tool_use", id: "call_rome", name: "weather", input: { city: "Rome" } },
  ],
} as const;
export const MESSAGES_RESULTS = {
  role: "user",
  content: [
    { type: "tool_result", tool_use_id: "call_paris", content: "18 degrees" },
    { type: "tool_result", tool_use_id: "call_rome", content: "24 degrees" },
  ],
} as const;
export const MESSAGES_LOOP = [{ role: "user", content: QUESTION }, MESSAGES_CALLS, MESSAGES_RESULTS] as const;

// ---- And in the words of the Responses API

export const RESPONSES_TOOL = {
  type: "function",
  name: "weather",
  description: DESCRIPTION,
  parameters: CITY_SCHEMA,
  strict: false,
} as const;
export const RESPONSES_LOOP = [
  { role: "user", content: QUESTION },
  { role: "assistant", content: "Let me look." },
  { type: "function_call", call_id: "call_paris", name: "weather", arguments: '{"city":"Paris"}' },
  { type: "function_call", call_id: "call_rome", name: "weather", arguments: '{"city":"Rome"}' },
  { type: "function_call_output", call_id: "call_paris", output: "18 degrees" },
  { type: "function_call_output", call_id: "call_rome", output: "24 degrees" },
] as const;
