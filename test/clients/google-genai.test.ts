/** Google's official SDK against providers of every other dialect. */
import { expect, test } from "bun:test";
import {
  ApiError,
  type Content,
  FinishReason,
  type FunctionDeclaration,
  type GenerateContentConfig,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part,
  Type,
} from "@google/genai";
import {
  CALLER_KEY,
  EMBED_INPUTS,
  COUNTED_TOKENS,
  EMBED_VECTORS,
  ERROR_KINDS,
  type ErrorKind,
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
  REASONING_TEXT,
  type Scenario,
  TELLS,
  TOOL_ANSWER,
  TOOL_CALLS,
  TOOL_DESCRIPTIONS,
  TOOL_PARAMETERS,
  TOOL_RESULTS,
  type ToolName,
  USAGE,
} from "./facts.ts";
import { errorFacts } from "./fake-providers.ts";
import { at, list } from "./json-path.ts";
import {
  type ClientStage,
  COUNTING,
  describeClient,
  failureOf,
  fetchOver,
  type Transport,
  TRANSPORTS,
} from "./stage.ts";

const OTHERS = othersThan("gemini");
const PROMPT = "What is the weather, and what time is it?";
const THINKING: GenerateContentConfig = { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 } };

function openClient(stage: ClientStage, transport: Transport): GoogleGenAI {
  return new GoogleGenAI({
    apiKey: CALLER_KEY,
    httpOptions: { baseUrl: stage.baseUrl(transport), fetch: fetchOver(stage, transport), timeout: 20_000 },
  });
}

const DECLARATIONS = (["get_weather", "get_time"] as const).map((name): FunctionDeclaration => ({
  name,
  description: TOOL_DESCRIPTIONS[name],
  parametersJsonSchema: TOOL_PARAMETERS[name],
}));
const TOOLS: GenerateContentConfig = { tools: [{ functionDeclarations: DECLARATIONS }] };

/** One turn's answer, whether it came whole or in chunks. */
type Turn = {
  readonly text: string;
  readonly parts: readonly Part[];
  readonly finishReason: FinishReason | undefined;
  readonly last: GenerateContentResponse;
};
type Ask = (client: GoogleGenAI, model: string, contents: Content[], config?: GenerateContentConfig) => Promise<Turn>;

function partsOf(answer: GenerateContentResponse): readonly Part[] {
  return answer.candidates?.[0]?.content?.parts ?? [];
}

function fold(answers: readonly GenerateContentResponse[]): Turn {
  const last = answers.at(-1);
  if (last === undefined) throw new Error("expected at least one answer");
  const parts = answers.flatMap(partsOf);
  const text = parts.map((part) => (part.thought === true ? "" : (part.text ?? ""))).join("");
  return { text, parts, finishReason: last.candidates?.[0]?.finishReason, last };
}

const WAYS: readonly (readonly [name: string, ask: Ask])[] = [
  [
    "whole",
    async (client, model, contents, config = {}) =>
      fold([await client.models.generateContent({ model, contents, config })]),
  ],
  [
    "streamed",
    async (client, model, contents, config = {}) =>
      fold(await Array.fromAsync(await client.models.generateContentStream({ model, contents, config }))),
  ],
];

const ASKED: Content[] = [{ role: "user", parts: [{ text: PROMPT }] }];

function thoughtsOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.thought === true ? (part.text ?? "") : "")).join("");
}

/** The turn that follows one with function calls: the answer's parts as they came, and a result for each call. */
function withResults({ parts }: Turn): Content[] {
  const results = parts.flatMap(({ functionCall }): Part[] => {
    if (functionCall === undefined) return [];
    const { id, name = "" } = functionCall;
    const response = { output: TOOL_RESULTS[name as ToolName] };
    return [{ functionResponse: { ...(id === undefined ? {} : { id }), name, response } }];
  });
  return [...ASKED, { role: "model", parts: [...parts] }, { role: "user", parts: results }];
}

/** google.rpc.Status names: https://ai.google.dev/gemini-api/docs/troubleshooting */
const STATUSES: Readonly<Record<ErrorKind, string>> = {
  authentication: "UNAUTHENTICATED",
  permission: "PERMISSION_DENIED",
  "not-found": "NOT_FOUND",
  "rate-limit": "RESOURCE_EXHAUSTED",
  "context-window": "INVALID_ARGUMENT",
  "content-policy": "INVALID_ARGUMENT",
  overloaded: "UNAVAILABLE",
  billing: "RESOURCE_EXHAUSTED",
  server: "INTERNAL",
};
const EMBEDDERS = ["openai-chat", "bedrock-converse", "cohere", "ollama"] as const satisfies readonly FakeDialectId[];

for (const transport of TRANSPORTS) {
  describeClient(`@google/genai over ${transport}`, (stage) => {
    for (const dialect of OTHERS) {
      const model = (scenario: Scenario): string => modelOf(dialect, scenario);

      test(`${dialect}: a plain answer`, async () => {
        const answer = await openClient(stage(), transport).models.generateContent({
          model: model("plain"),
          contents: PROMPT,
          config: { systemInstruction: "Be brief.", temperature: 0.5, maxOutputTokens: 100 },
        });
        expect(answer.text).toBe(PLAIN_TEXT);
        expect(answer.candidates).toHaveLength(1);
        expect(answer.candidates?.[0]).toMatchObject({ finishReason: FinishReason.STOP, content: { role: "model" } });
      });

      test(`${dialect}: a stream, chunk by chunk`, async () => {
        const stream = await openClient(stage(), transport).models.generateContentStream({
          model: model("stream"),
          contents: PROMPT,
        });
        const answers = await Array.fromAsync(stream);
        expect(answers.filter(({ text }) => text !== undefined && text !== "").length).toBeGreaterThan(1);
        expect(answers.map(({ text }) => text ?? "").join("")).toBe(PLAIN_TEXT);
        expect(answers.at(-1)?.candidates?.[0]?.finishReason).toBe(FinishReason.STOP);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, model("tools"), ASKED, TOOLS);
          const calls = first.parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [functionCall]));
          expect(calls.map(({ name, args }) => ({ name, arguments: args }))).toEqual([...TOOL_CALLS]);
          const second = await ask(client, model("tools"), withResults(first), TOOLS);
          expect(second.text).toBe(TOOL_ANSWER);
          expect(second.finishReason).toBe(FinishReason.STOP);
        });

        test(`${dialect}: JSON of a JSON Schema, ${way}`, async () => {
          const turn = await ask(openClient(stage(), transport), model("json-schema"), ASKED, {
            responseMimeType: "application/json",
            responseJsonSchema: JSON_SCHEMA,
          });
          expect(JSON.parse(turn.text)).toEqual(JSON_ANSWER);
          expect(turn.parts.some(({ functionCall }) => functionCall !== undefined)).toBe(false);
        });

        test(`${dialect}: reasoning, whose signature goes back on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, model("reasoning"), ASKED, THINKING);
          expect(thoughtsOf(first.parts)).toBe(REASONING_TEXT);
          expect(first.text).toBe(REASONING_ANSWER);
          const contents: Content[] = [
            ...ASKED,
            { role: "model", parts: [...first.parts] },
            { role: "user", parts: [{ text: "Go on." }] },
          ];
          expect((await ask(client, model("reasoning"), contents, THINKING)).text).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const config = { ...TOOLS, ...THINKING };
          const first = await ask(client, model("reasoning-tools"), ASKED, config);
          expect(thoughtsOf(first.parts)).toBe(REASONING_TEXT);
          const second = await ask(client, model("reasoning-tools"), withResults(first), config);
          expect(second.text).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const { usageMetadata } = (await ask(openClient(stage(), transport), model("usage"), ASKED)).last;
          const { cached, reasoning } = TELLS[dialect];
          // Gemini counts thoughts beside the candidates' tokens, not among them.
          const thoughts = reasoning ? USAGE.reasoning : 0;
          expect(usageMetadata).toMatchObject({
            promptTokenCount: USAGE.input,
            candidatesTokenCount: USAGE.output - thoughts,
            totalTokenCount: USAGE.input + USAGE.output,
            ...(cached ? { cachedContentTokenCount: USAGE.cached } : {}),
            ...(reasoning ? { thoughtsTokenCount: USAGE.reasoning } : {}),
          });
        });
      }

      test(`${dialect}: JSON of an OpenAPI schema`, async () => {
        const answer = await openClient(stage(), transport).models.generateContent({
          model: model("json-schema"),
          contents: PROMPT,
          config: {
            responseMimeType: "application/json",
            responseSchema: {
              type: Type.OBJECT,
              properties: { city: { type: Type.STRING }, degrees: { type: Type.INTEGER } },
              required: ["city", "degrees"],
              propertyOrdering: ["city", "degrees"],
            },
          },
        });
        expect(JSON.parse(answer.text ?? "")).toEqual(JSON_ANSWER);
      });

      test(`${dialect}: an image`, async () => {
        const answer = await openClient(stage(), transport).models.generateContent({
          model: model("image"),
          contents: [{ inlineData: { mimeType: "image/png", data: PNG_BASE64 } }, "What is this?"],
        });
        expect(answer.text).toBe(IMAGE_TEXT);
      });

      test(`${dialect}: a chat that carries its history with tools and reasoning`, async () => {
        const chat = openClient(stage(), transport).chats.create({
          model: model("reasoning-tools"),
          config: { ...TOOLS, ...THINKING },
        });
        const first = fold(await Array.fromAsync(await chat.sendMessageStream({ message: PROMPT })));
        const calls = first.parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [functionCall]));
        const results = calls.map(({ id, name = "" }): Part => ({
          functionResponse: {
            ...(id === undefined ? {} : { id }),
            name,
            response: { output: TOOL_RESULTS[name as ToolName] },
          },
        }));
        const stream = await chat.sendMessageStream({ message: results });
        const answers = await Array.fromAsync(stream);
        expect(answers.map(({ text }) => text ?? "").join("")).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
      });

      test(`${dialect}: the SDK's own function calling`, async () => {
        const answer = await openClient(stage(), transport).models.generateContent({
          model: model("tools"),
          contents: PROMPT,
          config: {
            tools: [
              {
                tool: async () => ({ functionDeclarations: DECLARATIONS }),
                callTool: async (calls) =>
                  calls.map(({ id, name = "" }) => ({
                    functionResponse: {
                      ...(id === undefined ? {} : { id }),
                      name,
                      response: { output: TOOL_RESULTS[name as ToolName] },
                    },
                  })),
              },
            ],
          },
        });
        expect(answer.text).toBe(TOOL_ANSWER);
      });

      test(`${dialect}: tokens are counted`, async () => {
        const count = await openClient(stage(), transport).models.countTokens({
          model: model("plain"),
          contents: PROMPT,
        });
        if (COUNTING.includes(dialect)) expect(count.totalTokens).toBe(COUNTED_TOKENS);
        else expect(count.totalTokens).toBeGreaterThan(0);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const { callerStatus, message } = errorFacts(dialect, kind);
          const error = await failureOf(
            openClient(stage(), transport).models.generateContent({ model: model(`error-${kind}`), contents: PROMPT }),
          );
          expect(error).toBeInstanceOf(ApiError);
          if (!(error instanceof ApiError)) throw error;
          expect(error.status).toBe(callerStatus);
          const body: unknown = JSON.parse(error.message);
          expect(body).toMatchObject({ error: { code: callerStatus, message, status: STATUSES[kind] } });
          if (kind === "rate-limit") {
            expect(list(at(body, "error", "details"))).toContainEqual({
              "@type": "type.googleapis.com/google.rpc.RetryInfo",
              retryDelay: "3s",
            });
          }
        });
      }

      test(`${dialect}: an error before a stream's first chunk keeps its status`, async () => {
        const error = await failureOf(
          openClient(stage(), transport).models.generateContentStream({
            model: model("error-rate-limit"),
            contents: PROMPT,
          }),
        );
        expect(error).toBeInstanceOf(ApiError);
        expect(error).toMatchObject({ status: 429 });
      });

      test(`${dialect}: an error in mid-stream`, async () => {
        const stream = await openClient(stage(), transport).models.generateContentStream({
          model: model("error-midstream"),
          contents: PROMPT,
        });
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const answer of stream) text += answer.text ?? "";
          })(),
        );
        expect(error.message).toContain(MIDSTREAM_MESSAGE);
        expect(text).toBe(MIDSTREAM_TEXT);
      });
    }

    for (const dialect of EMBEDDERS) {
      test(`${dialect}: embeddings`, async () => {
        const { embeddings } = await openClient(stage(), transport).models.embedContent({
          model: modelOf(dialect, "embed"),
          contents: [...EMBED_INPUTS],
        });
        expect(embeddings?.map(({ values }) => values)).toEqual(EMBED_VECTORS.map((vector) => [...vector]));
      });
    }
  });
}
