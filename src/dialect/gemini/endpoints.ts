/** https://ai.google.dev/api: version v1beta is what the SDKs call, v1 its stable subset. */
import type { Endpoint } from "../dialect.ts";
import { GEMINI_STREAM } from "./stream-grammar.ts";

const BASE = {
  dialect: "gemini",
  method: "POST",
  modelPlace: "path",
  defaultModel: null,
  // Of a whole answer it says where usage stands.
  grammar: GEMINI_STREAM,
  isStreamPath: false,
  answersJson: true,
  hasStreamOptions: false,
} as const satisfies Partial<Endpoint>;

/** By method name; of those that embed the first is the one requests are written for. */
const METHODS: readonly Omit<Endpoint, "path" | "upstreamPath">[] = [
  { ...BASE, name: "gemini.generate", operation: "generate" },
  { ...BASE, name: "gemini.stream", operation: "generate", isStreamPath: true },
  { ...BASE, name: "gemini.count", operation: "count-tokens" },
  { ...BASE, name: "gemini.batch-embed", operation: "embed" },
  { ...BASE, name: "gemini.embed", operation: "embed" },
];

const PATHS: Readonly<Record<string, string>> = {
  "gemini.generate": "generateContent",
  "gemini.stream": "streamGenerateContent",
  "gemini.count": "countTokens",
  "gemini.batch-embed": "batchEmbedContents",
  "gemini.embed": "embedContent",
};

/** The same operations under both versions; requests go out under v1beta, which knows all fields. */
export const ENDPOINTS: readonly Endpoint[] = ["v1beta", "v1"].flatMap((version) =>
  METHODS.map((method) => {
    const verb = PATHS[method.name] as string;
    return {
      ...method,
      name: version === "v1beta" ? method.name : `${method.name}.v1`,
      path: `/${version}/models/{model}:${verb}`,
      // Our own streams come as SSE.
      upstreamPath: `/v1beta/models/{model}:${verb}${method.isStreamPath === true ? "?alt=sse" : ""}`,
    };
  }),
);
