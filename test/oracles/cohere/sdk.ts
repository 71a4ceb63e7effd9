/** cohere-ai, Cohere as the gateway knows it, and what the cases share. */
import { type Cohere, CohereClientV2 } from "cohere-ai";
import { CITY_SCHEMA, DESCRIPTION, mutable, QUESTION } from "../material.ts";
import { PROVIDER_KEY, type OracleOptions } from "../stage.ts";

export const COMMAND = "command-a-03-2025";
export const VISION = "command-a-vision-07-2025";

export type Params = Omit<Cohere.V2ChatRequest, "model">;

export const chat = (params: Params) => (sdk: CohereClientV2, model: string) => sdk.chat({ model, ...params });

export const ask: Cohere.ChatMessageV2 = { role: "user", content: QUESTION };

export const tool: Cohere.ToolV2 = {
  type: "function",
  function: { name: "weather", description: DESCRIPTION, parameters: mutable(CITY_SCHEMA) },
};

export const callOf = (city: string): Cohere.ToolCallV2 => ({
  id: `call_${city.toLowerCase()}`,
  type: "function",
  function: { name: "weather", arguments: JSON.stringify({ city }) },
});

export const calls = [callOf("Paris"), callOf("Rome")];

export const results: Cohere.ChatMessageV2[] = [
  { role: "tool", toolCallId: "call_paris", content: "18 degrees" },
  { role: "tool", toolCallId: "call_rome", content: "24 degrees" },
];

export const OPTIONS: OracleOptions<CohereClientV2> = {
  provider: "cohere",
  open: (baseUrl) => new CohereClientV2({ token: PROVIDER_KEY, environment: baseUrl, maxRetries: 0 }),
  differs: {
    "body.stream": { theirs: false, ours: undefined, why: "not to stream is what happens by itself" },
  },
};
