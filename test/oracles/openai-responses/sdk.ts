/** openai, OpenAI's Responses API as the gateway knows it, and what the cases share. */
import OpenAI from "openai";
import { mutable, QUESTION, RESPONSES_TOOL, SYSTEM } from "../material.ts";
import { PROVIDER_KEY, type OracleOptions } from "../stage.ts";

export const GPT_4O = "gpt-4o";
export const GPT_5 = "gpt-5";

export type Params = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, "model">;

/** The caller's other API does not store, and says so here, where storing is what happens by itself. */
export const create = (params: Params) => (sdk: OpenAI, model: string) =>
  sdk.responses.create({ model, store: false, ...params });

export const ask: OpenAI.Responses.ResponseInput = [{ type: "message", role: "user", content: QUESTION }];

export const tool = mutable(RESPONSES_TOOL) as unknown as OpenAI.Responses.FunctionTool;

export const system = (role: "system" | "developer"): OpenAI.Responses.ResponseInputItem => ({
  type: "message",
  role,
  content: SYSTEM,
});

export const user = (
  content: OpenAI.Responses.ResponseInputMessageContentList,
): OpenAI.Responses.ResponseInputItem.Message => ({ type: "message", role: "user", content });

export const call = (city: string): OpenAI.Responses.ResponseFunctionToolCall => ({
  type: "function_call",
  call_id: `call_${city.toLowerCase()}`,
  name: "weather",
  arguments: JSON.stringify({ city }),
  status: "completed",
});

export const result = (
  city: string,
  output: string | OpenAI.Responses.ResponseFunctionCallOutputItemList,
): OpenAI.Responses.ResponseInputItem.FunctionCallOutput => ({
  type: "function_call_output",
  call_id: `call_${city.toLowerCase()}`,
  output,
});

export const OPTIONS: OracleOptions<OpenAI> = {
  provider: "openai",
  basePath: "/v1",
  entry: { dialect: "openai-responses" },
  open: (baseURL) => new OpenAI({ baseURL, apiKey: PROVIDER_KEY, maxRetries: 0 }),
};
