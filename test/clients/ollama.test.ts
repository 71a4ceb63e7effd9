/** The official Ollama client against providers of every other dialect. */
import { expect, test } from "bun:test";
import { type ChatRequest, type ChatResponse, type Message, Ollama, type Tool } from "ollama";
import {
  EMBED_INPUTS,
  EMBED_VECTORS,
  ERROR_KINDS,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  JSON_SCHEMA,
  MIDSTREAM_MESSAGE,
  MIDSTREAM_TEXT,
  modelOf,
  othersThan,
  PLAIN_TEXT,
  PNG_BASE64,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_LOST,
  REASONING_TEXT,
  type Scenario,
  SIGNATURES,
  SMALL_USAGE,
  TOOL_ANSWER,
  TOOL_CALLS,
  TOOL_DESCRIPTIONS,
  TOOL_PARAMETERS,
  TOOL_RESULTS,
  type ToolName,
  USAGE,
} from "./facts.ts";
import { errorFacts } from "./fake-providers.ts";
import { type ClientStage, describeClient, failureOf, fetchOver, type Transport, TRANSPORTS } from "./stage.ts";

/** The client's own class is not exported by name. */
type ResponseError = Error & { readonly error: string; readonly status_code: number };
type Params = Omit<ChatRequest, "stream">;

const PROMPT: Message = { role: "user", content: "What is the weather, and what time is it?" };
const TOOLS = TOOL_CALLS.map(({ name }): Tool => ({
  type: "function",
  function: { name, description: TOOL_DESCRIPTIONS[name], parameters: structuredClone(TOOL_PARAMETERS[name]) as never },
}));

function openClient(stage: ClientStage, transport: Transport): Ollama {
  return new Ollama({ host: stage.baseUrl(transport), fetch: fetchOver(stage, transport) });
}

function paramsOf(dialect: FakeDialectId, scenario: Scenario, messages: Message[] = [PROMPT]): Params {
  return { model: modelOf(dialect, scenario), messages };
}

/** Users of this client fold its streams so. */
async function askStreamed(client: Ollama, params: Params): Promise<ChatResponse> {
  const message: Message = { role: "assistant", content: "" };
  let last: ChatResponse | null = null;
  for await (const part of await client.chat({ ...params, stream: true })) {
    message.content += part.message.content;
    if (part.message.thinking !== undefined) message.thinking = `${message.thinking ?? ""}${part.message.thinking}`;
    if (part.message.tool_calls !== undefined) {
      message.tool_calls = [...(message.tool_calls ?? []), ...part.message.tool_calls];
    }
    last = part;
  }
  if (last === null) throw new Error("expected a stream of at least one line");
  return { ...last, message };
}

const WAYS: readonly (readonly [name: string, ask: (client: Ollama, params: Params) => Promise<ChatResponse>])[] = [
  ["whole", (client, params) => client.chat({ ...params, stream: false })],
  ["streamed", askStreamed],
];

/** The turn that follows one with tool calls: the message as it came, and a result for each call, by the tool's name. */
function withResults({ message }: ChatResponse): Message[] {
  const results = (message.tool_calls ?? []).map(({ function: { name } }): Message => ({
    role: "tool",
    tool_name: name,
    content: TOOL_RESULTS[name as ToolName],
  }));
  return [PROMPT, message, ...results];
}

/** A message of this API has no place for a signature: reasoning that a provider must have signed stays behind. */
const isKept = (dialect: FakeDialectId): boolean => SIGNATURES[dialect] === null;

for (const transport of TRANSPORTS) {
  describeClient(`ollama over ${transport}`, (stage) => {
    for (const dialect of othersThan("ollama")) {
      test(`${dialect}: a plain chat`, async () => {
        const answer = await openClient(stage(), transport).chat(paramsOf(dialect, "plain"));
        expect(answer).toMatchObject({
          message: { role: "assistant", content: PLAIN_TEXT },
          done: true,
          done_reason: "stop",
          prompt_eval_count: SMALL_USAGE.input,
          eval_count: SMALL_USAGE.output,
        });
        expect(Date.parse(String(answer.created_at))).toBeGreaterThan(1_500_000_000_000);
      });

      test(`${dialect}: a stream, line by line`, async () => {
        const stream = await openClient(stage(), transport).chat({ ...paramsOf(dialect, "stream"), stream: true });
        const parts = await Array.fromAsync(stream);
        const texts = parts.map(({ message }) => message.content).filter((text) => text !== "");
        expect(texts.length).toBeGreaterThan(1);
        expect(texts.join("")).toBe(PLAIN_TEXT);
        expect(parts.map(({ done }) => done)).toEqual(parts.map((_, index) => index === parts.length - 1));
        expect(parts.at(-1)).toMatchObject({ done_reason: "stop", eval_count: SMALL_USAGE.output });
      });

      test(`${dialect}: a prompt to generate from`, async () => {
        const client = openClient(stage(), transport);
        const request = { model: modelOf(dialect, "plain"), prompt: "Hello.", system: "Be brief." };
        expect((await client.generate(request)).response).toBe(PLAIN_TEXT);
        const parts = await Array.fromAsync(await client.generate({ ...request, stream: true }));
        expect(parts.map(({ response }) => response ?? "").join("")).toBe(PLAIN_TEXT);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          const calls = (first.message.tool_calls ?? []).map((call) => call.function);
          expect(calls.map(({ name, arguments: given }) => ({ name, arguments: given }))).toEqual([...TOOL_CALLS]);
          const second = await ask(client, { ...paramsOf(dialect, "tools", withResults(first)), tools: TOOLS });
          expect(second.message.content).toBe(TOOL_ANSWER);
        });

        test(`${dialect}: JSON of a schema, ${way}`, async () => {
          const answer = await ask(openClient(stage(), transport), {
            ...paramsOf(dialect, "json-schema"),
            format: { ...JSON_SCHEMA },
          });
          expect(JSON.parse(answer.message.content)).toEqual(JSON_ANSWER);
          expect(answer.message.tool_calls).toBeUndefined();
        });

        test(`${dialect}: reasoning, and the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "reasoning"), think: "high" });
          expect(first.message.thinking).toBe(REASONING_TEXT);
          expect(first.message.content).toBe(REASONING_ANSWER);
          const messages: Message[] = [PROMPT, first.message, { role: "user", content: "Go on." }];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", messages), think: "high" });
          expect(second.message.content).toBe(isKept(dialect) ? REASONING_KEPT : REASONING_LOST);
        });

        test(`${dialect}: reasoning before parallel calls, and their results, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { think: "high", tools: TOOLS } as const;
          const first = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...settings });
          expect(first.message.thinking).toBe(REASONING_TEXT);
          const second = await ask(client, {
            ...paramsOf(dialect, "reasoning-tools", withResults(first)),
            ...settings,
          });
          expect(second.message.content).toBe(`${TOOL_ANSWER} ${isKept(dialect) ? REASONING_KEPT : REASONING_LOST}`);
        });

        test(`${dialect}: usage, ${way}`, async () => {
          const answer = await ask(openClient(stage(), transport), paramsOf(dialect, "usage"));
          expect(answer).toMatchObject({ prompt_eval_count: USAGE.input, eval_count: USAGE.output });
        });
      }

      test(`${dialect}: an image`, async () => {
        const message: Message = { role: "user", content: "What is this?", images: [PNG_BASE64] };
        const answer = await openClient(stage(), transport).chat(paramsOf(dialect, "image", [message]));
        expect(answer.message.content).toBe(IMAGE_TEXT);
      });

      test(`${dialect}: an image as bytes`, async () => {
        const message: Message = {
          role: "user",
          content: "What is this?",
          images: [Buffer.from(PNG_BASE64, "base64")],
        };
        const answer = await openClient(stage(), transport).chat(paramsOf(dialect, "image", [message]));
        expect(answer.message.content).toBe(IMAGE_TEXT);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const request = openClient(stage(), transport).chat(paramsOf(dialect, `error-${kind}`));
          const error = (await failureOf(request)) as ResponseError;
          const { message, callerStatus } = errorFacts(dialect, kind);
          expect(error.name).toBe("ResponseError");
          expect(error.status_code).toBe(callerStatus);
          expect(error.error).toBe(message);
        });
      }

      test(`${dialect}: an error in mid-stream`, async () => {
        const stream = await openClient(stage(), transport).chat({
          ...paramsOf(dialect, "error-midstream"),
          stream: true,
        });
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const { message } of stream) text += message.content;
          })(),
        );
        expect(text).toBe(MIDSTREAM_TEXT);
        expect(error.message).toContain(MIDSTREAM_MESSAGE);
      });
    }

    for (const dialect of ["openai-chat", "gemini", "bedrock-converse", "cohere"] as const) {
      test(`${dialect}: embeddings`, async () => {
        const { embeddings } = await openClient(stage(), transport).embed({
          model: modelOf(dialect, "embed"),
          input: [...EMBED_INPUTS],
        });
        expect(embeddings).toEqual(EMBED_VECTORS.map((vector) => [...vector]));
      });
    }
  });
}
