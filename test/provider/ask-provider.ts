/** What reaches a provider: callers' requests through a whole gateway, whose config names the provider as users do. */
import { loadSnapshot } from "../../src/config/load.ts";
import type { Provider } from "../../src/exchange.ts";
import { PROVIDERS } from "../../src/provider/registry.gen.ts";
import { memoryFiles } from "../config/fixtures.ts";
import { Stage } from "../gateway/stage.ts";
import { errorAnswer } from "../instruments/answers.ts";
import { writePost } from "../instruments/raw-client.ts";

type Entry = Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string>>;

export type Ask = {
  /** The caller's path, or one of the short names. */
  readonly path: string;
  /** Model at the provider; the caller calls it `fake/MODEL`. */
  readonly model: string;
  readonly fields?: Entry;
};

/** What the provider saw. */
export type Seen = {
  readonly target: string;
  readonly header: (name: string) => string | null;
  readonly body: Record<string, unknown>;
  /** What the caller got for it. */
  readonly status: number;
  readonly answer: string;
};

/** Runs with a gateway in front of a fake provider that the entry describes; `suffix` is what follows the origin in `base_url`. */
export async function withProvider(
  entry: Entry,
  options: { readonly env?: Environment; readonly suffix?: string },
  run: (ask: (request: Ask) => Promise<Seen>, stage: Stage) => Promise<void>,
): Promise<void> {
  await Stage.with(
    {
      // No word of dialects: the definition's own surfaces are what is tested.
      provider: { api_key: undefined, dialects: undefined, ...entry },
      baseUrl: ({ origin }) => `${origin}${options.suffix ?? ""}`,
      ...(options.env === undefined ? {} : { env: options.env }),
    },
    async (stage) => {
      stage.upstream.respond = () => errorAnswer(400, { message: "seen", type: "invalid_request_error" });
      await run((request) => ask(stage, request), stage);
    },
  );
}

async function ask(stage: Stage, { path, model, fields = {} }: Ask): Promise<Seen> {
  const inPath = path.includes("{model}");
  const client = await stage.connect();
  const before = stage.upstream.requests.length;
  await client.send(
    writePost(
      path.replace("{model}", `fake/${model}`),
      JSON.stringify(inPath ? fields : { model: `fake/${model}`, ...fields }),
      {
        headers: [
          ["authorization", "Bearer caller-canary"],
          ["x-api-key", "caller-canary"],
        ],
      },
    ),
  );
  const answer = await client.readAnswer();
  client.close();
  const request = stage.upstream.requests[before];
  if (request === undefined) throw new Error(`nothing reached the provider: ${answer.status} ${answer.text}`);
  const { message } = request;
  if (message.text.includes("caller-canary")) throw new Error("the caller's key reached the provider");
  return {
    target: message.target,
    header: (name) => message.all(name).join(", ") || null,
    body: JSON.parse(message.text || "{}") as Record<string, unknown>,
    status: answer.status,
    answer: answer.text,
  };
}

/** One entry of a config, compiled; throws what is wrong with it. */
export async function compileEntry(entry: Entry, env: Environment = {}): Promise<Provider> {
  const snapshot = await loadSnapshot({
    path: "config.yaml",
    definitions: PROVIDERS,
    env,
    files: memoryFiles({ "config.yaml": `providers: { p: ${JSON.stringify(entry)} }\n` }),
    generation: 1,
    now: () => 1_000,
  });
  const provider = snapshot.providers.get("p");
  if (provider === undefined) throw new Error("the entry made no provider");
  return provider;
}

/** Requests of each dialect, as small as they can be. */
export const ASKS = {
  chat: { path: "/v1/chat/completions", fields: { messages: [{ role: "user", content: "Hello." }] } },
  chatStream: {
    path: "/v1/chat/completions",
    fields: { messages: [{ role: "user", content: "Hello." }], stream: true },
  },
  embeddings: { path: "/v1/embeddings", fields: { input: "Hello." } },
  responses: { path: "/v1/responses", fields: { input: "Hello." } },
  messages: { path: "/v1/messages", fields: { max_tokens: 9, messages: [{ role: "user", content: "Hello." }] } },
  messagesStream: {
    path: "/v1/messages",
    fields: { max_tokens: 9, messages: [{ role: "user", content: "Hello." }], stream: true },
  },
  count: { path: "/v1/messages/count_tokens", fields: { messages: [{ role: "user", content: "Hello." }] } },
  gemini: {
    path: "/v1beta/models/{model}:generateContent",
    fields: { contents: [{ role: "user", parts: [{ text: "Hello." }] }] },
  },
  geminiStream: {
    path: "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    fields: { contents: [{ role: "user", parts: [{ text: "Hello." }] }] },
  },
  geminiCount: {
    path: "/v1beta/models/{model}:countTokens",
    fields: { contents: [{ role: "user", parts: [{ text: "Hello." }] }] },
  },
} as const;
