/** @anthropic-ai/sdk, Anthropic as the gateway knows it, and what the cases share. */
import Anthropic from "@anthropic-ai/sdk";
import { CITY_SCHEMA, DESCRIPTION, mutable, QUESTION } from "../material.ts";
import { PROVIDER_KEY, type OracleOptions } from "../stage.ts";

export const SONNET = "claude-sonnet-4-5";

export const user = (content: Anthropic.MessageParam["content"]): Anthropic.MessageParam => ({ role: "user", content });

export const ask = user(QUESTION);

export const tool: Anthropic.Tool = { name: "weather", description: DESCRIPTION, input_schema: mutable(CITY_SCHEMA) };

type Params = Omit<Anthropic.MessageCreateParamsNonStreaming, "model">;

export const create = (params: Params) => (sdk: Anthropic, model: string) => sdk.messages.create({ model, ...params });

export const OPTIONS: OracleOptions<Anthropic> = {
  provider: "anthropic",
  open: (baseURL) => new Anthropic({ baseURL, apiKey: PROVIDER_KEY, maxRetries: 0 }),
  differs: {
    "headers.anthropic-version": {
      ours: "2023-06-01",
      why: "2026-10-21 answers temperature, top_p and top_k with 400: https://platform.claude.com/docs/en/api/migration-2026-10-21",
    },
    "headers.x-api-key": { ours: PROVIDER_KEY, why: "takes keys in this header and in the other" },
    "headers.authorization": { ours: undefined, why: "takes keys in this header and in the other" },
  },
};
