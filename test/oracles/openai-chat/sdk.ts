/** openai, OpenAI's chat completions as the gateway knows them, and what the cases share. */
import OpenAI from "openai";
import { CHAT_QUESTION, mutable, QUESTION } from "../material.ts";
import { PROVIDER_KEY, type OracleOptions } from "../stage.ts";

export const GPT_4O = "gpt-4o";
export const GPT_5 = "gpt-5";

export type Params = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "model">;

export const create = (params: Params) => (sdk: OpenAI, model: string) =>
  sdk.chat.completions.create({ model, ...mutable(params) } as OpenAI.ChatCompletionCreateParamsNonStreaming);

export const ask = mutable(CHAT_QUESTION) as unknown as OpenAI.ChatCompletionMessageParam[];

export const user = (content: OpenAI.ChatCompletionContentPart[]): OpenAI.ChatCompletionMessageParam => ({
  role: "user",
  content,
});

export const GEMINI_QUESTION = [{ role: "user", parts: [{ text: QUESTION }] }];

export const OPTIONS: OracleOptions<OpenAI> = {
  provider: "openai",
  basePath: "/v1",
  entry: { dialect: "openai-chat" },
  open: (baseURL) => new OpenAI({ baseURL, apiKey: PROVIDER_KEY, maxRetries: 0 }),
};
