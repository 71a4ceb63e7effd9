/** @google/genai, Google AI Studio as the gateway knows it, and what the cases share. */
import { type Content, type GenerateContentConfig, GoogleGenAI } from "@google/genai";
import { CITY_SCHEMA, DESCRIPTION, QUESTION } from "../material.ts";
import { PROVIDER_KEY, type OracleOptions } from "../stage.ts";

export const GEMINI_3 = "gemini-3-flash-preview";
export const GEMINI_2_5 = "gemini-2.5-flash";

export const ask: Content = { role: "user", parts: [{ text: QUESTION }] };

const declaration = { name: "weather", description: DESCRIPTION, parametersJsonSchema: CITY_SCHEMA };

export const tools = [{ functionDeclarations: [declaration] }];

export const generate =
  (contents: Content[] | string, config?: GenerateContentConfig) => (sdk: GoogleGenAI, model: string) =>
    sdk.models.generateContent({ model, contents, ...(config === undefined ? {} : { config }) });

export const MAX_TOKENS = { "body.generationConfig.maxOutputTokens": { ours: 100, why: "the caller must say it" } };

export const results: Content = {
  role: "user",
  parts: [
    { functionResponse: { id: "call_paris", name: "weather", response: { output: "18 degrees" } } },
    { functionResponse: { id: "call_rome", name: "weather", response: { output: "24 degrees" } } },
  ],
};

export const OPTIONS: OracleOptions<GoogleGenAI> = {
  provider: "gemini",
  // Its own API, for those callers too whom it could answer in OpenAI's.
  entry: { dialect: "gemini" },
  open: (baseUrl) => new GoogleGenAI({ apiKey: PROVIDER_KEY, httpOptions: { baseUrl } }),
  differs: {
    "body.generationConfig": { theirs: {}, ours: undefined, why: "nothing is said in it" },
  },
};
