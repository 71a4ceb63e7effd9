/** The official Cohere SDK's second API against providers of every other dialect. */
import { expect, test } from "bun:test";
import { Cohere, CohereClientV2, CohereError } from "cohere-ai";
import {
  CALLER_KEY,
  EMBED_INPUTS,
  EMBED_VECTORS,
  ERROR_KINDS,
  type ErrorKind,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  JSON_SCHEMA,
  MIDSTREAM_TEXT,
  modelOf,
  othersThan,
  PLAIN_TEXT,
  PNG_DATA_URL,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_LOST,
  REASONING_TEXT,
  RERANK_DOCUMENTS,
  RERANK_QUERY,
  RERANK_RESULTS,
  type Scenario,
  SIGNATURES,
  SMALL_USAGE,
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
import { at } from "./json-path.ts";
import { type ClientStage, describeClient, failureOf, fetchOver, type Transport, TRANSPORTS } from "./stage.ts";

type Answer = Pick<Cohere.V2ChatResponse, "message" | "finishReason" | "usage">;
type Calls = Cohere.ToolCallV2[];

const PROMPT: Cohere.ChatMessageV2 = { role: "user", content: "What is the weather, and what time is it?" };
const TOOLS = TOOL_CALLS.map(({ name }): Cohere.ToolV2 => ({
  type: "function",
  function: { name, description: TOOL_DESCRIPTIONS[name], parameters: { ...TOOL_PARAMETERS[name] } },
}));
const THINKING: Cohere.Thinking = { type: "enabled", tokenBudget: 2_000 };

function openClient(stage: ClientStage, transport: Transport): CohereClientV2 {
  return new CohereClientV2({
    token: CALLER_KEY,
    baseUrl: stage.baseUrl(transport),
    maxRetries: 0,
    timeoutInSeconds: 20,
    fetch: fetchOver(stage, transport),
  });
}

function paramsOf(
  dialect: FakeDialectId,
  scenario: Scenario,
  messages: Cohere.ChatMessageV2[] = [PROMPT],
): Cohere.V2ChatRequest {
  // Larger than the budget of the thinking, which it includes.
  return { model: modelOf(dialect, scenario), messages, maxTokens: 4_000 };
}

/** The SDK has no helper for streams: its users fold them so. */
async function askStreamed(client: CohereClientV2, params: Cohere.V2ChatRequest): Promise<Answer> {
  const content: Cohere.AssistantMessageResponseContentItem[] = [];
  const toolCalls: Calls = [];
  let toolPlan = "";
  let finishReason: Cohere.ChatFinishReason = "ERROR";
  let usage: Cohere.Usage | undefined;
  for await (const event of await client.chatStream(params)) {
    switch (event.type) {
      case "content-start": {
        const start = event.delta?.message?.content;
        content[event.index ?? 0] =
          start?.type === "thinking"
            ? { type: "thinking", thinking: start.thinking ?? "" }
            : { type: "text", text: "" };
        break;
      }
      case "content-delta": {
        const part = content[event.index ?? 0];
        const delta = event.delta?.message?.content;
        if (part?.type === "thinking") part.thinking += delta?.thinking ?? "";
        else if (part?.type === "text") part.text += delta?.text ?? "";
        else throw new Error(`a delta of no part: ${JSON.stringify(event)}`);
        break;
      }
      case "tool-plan-delta":
        toolPlan += event.delta?.message?.toolPlan ?? "";
        break;
      case "tool-call-start":
        toolCalls[event.index ?? 0] = structuredClone(event.delta?.message?.toolCalls) as Cohere.ToolCallV2;
        break;
      case "tool-call-delta": {
        const called = toolCalls[event.index ?? 0]?.function;
        if (called === undefined) throw new Error(`a delta of no call: ${JSON.stringify(event)}`);
        called.arguments = `${called.arguments ?? ""}${event.delta?.message?.toolCalls?.function?.arguments ?? ""}`;
        break;
      }
      case "message-end":
        finishReason = event.delta?.finishReason ?? finishReason;
        usage = event.delta?.usage;
        break;
      case "message-start":
      case "content-end":
      case "tool-call-end":
      case "citation-start":
      case "citation-end":
      case "debug":
        break;
      default:
        event satisfies never;
    }
  }
  return {
    message: {
      role: "assistant",
      ...(content.length === 0 ? {} : { content }),
      ...(toolPlan === "" ? {} : { toolPlan }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    },
    finishReason,
    ...(usage === undefined ? {} : { usage }),
  };
}

const WAYS: readonly (readonly [
  name: string,
  ask: (client: CohereClientV2, params: Cohere.V2ChatRequest) => Promise<Answer>,
])[] = [
  ["whole", (client, params) => client.chat(params)],
  ["streamed", askStreamed],
];

function textOf({ message }: Answer): string {
  return (message.content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

function thinkingOf({ message }: Answer): string {
  return (message.content ?? []).map((part) => (part.type === "thinking" ? part.thinking : "")).join("");
}

/** The turn that follows one with tool calls: the message as it came, and a result for each call. */
function withResults({ message }: Answer): Cohere.ChatMessageV2[] {
  const results = (message.toolCalls ?? []).map(({ id, function: called }): Cohere.ChatMessageV2 => ({
    role: "tool",
    toolCallId: id,
    content: [{ type: "document", document: { data: { result: TOOL_RESULTS[called?.name as ToolName] } } }],
  }));
  return [PROMPT, message, ...results];
}

/** A thinking block of this API has no place for a signature: what a provider must have signed stays behind. */
const isKept = (dialect: FakeDialectId): boolean => SIGNATURES[dialect] === null;

const ERRORS: Readonly<Record<ErrorKind, new (...args: never[]) => Error>> = {
  authentication: Cohere.UnauthorizedError,
  permission: Cohere.ForbiddenError,
  "not-found": Cohere.NotFoundError,
  "rate-limit": Cohere.TooManyRequestsError,
  "context-window": Cohere.BadRequestError,
  "content-policy": Cohere.BadRequestError,
  overloaded: CohereError,
  billing: CohereError,
  server: Cohere.InternalServerError,
};

for (const transport of TRANSPORTS) {
  describeClient(`cohere-ai over ${transport}`, (stage) => {
    for (const dialect of othersThan("cohere")) {
      test(`${dialect}: a plain message`, async () => {
        const answer = await openClient(stage(), transport).chat(paramsOf(dialect, "plain"));
        expect(answer).toMatchObject({
          finishReason: "COMPLETE",
          message: { role: "assistant", content: [{ type: "text", text: PLAIN_TEXT }] },
          usage: { tokens: { inputTokens: SMALL_USAGE.input, outputTokens: SMALL_USAGE.output } },
        });
        expect(answer.id).not.toBe("");
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const stream = await openClient(stage(), transport).chatStream(paramsOf(dialect, "stream"));
        const events = await Array.fromAsync(stream);
        const deltas = events.flatMap((event) =>
          event.type === "content-delta" ? [event.delta?.message?.content?.text ?? ""] : [],
        );
        expect(deltas.length).toBeGreaterThan(1);
        expect(deltas.join("")).toBe(PLAIN_TEXT);
        expect([...new Set(events.map(({ type }) => type))]).toEqual([
          "message-start",
          "content-start",
          "content-delta",
          "content-end",
          "message-end",
        ]);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          expect(first.finishReason).toBe("TOOL_CALL");
          const calls = (first.message.toolCalls ?? []).map(({ function: called }) => ({
            name: called?.name,
            arguments: JSON.parse(called?.arguments ?? "") as unknown,
          }));
          expect(calls).toEqual([...TOOL_CALLS]);
          const second = await ask(client, { ...paramsOf(dialect, "tools", withResults(first)), tools: TOOLS });
          expect(textOf(second)).toBe(TOOL_ANSWER);
          expect(second.finishReason).toBe("COMPLETE");
        });

        test(`${dialect}: JSON of a schema, ${way}`, async () => {
          const answer = await ask(openClient(stage(), transport), {
            ...paramsOf(dialect, "json-schema"),
            responseFormat: { type: "json_object", jsonSchema: { ...JSON_SCHEMA } },
          });
          expect(JSON.parse(textOf(answer))).toEqual(JSON_ANSWER);
          expect(answer.message.toolCalls ?? []).toEqual([]);
          expect(answer.finishReason).toBe("COMPLETE");
        });

        test(`${dialect}: reasoning, and the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "reasoning"), thinking: THINKING });
          expect(thinkingOf(first)).toBe(REASONING_TEXT);
          expect(textOf(first)).toBe(REASONING_ANSWER);
          const messages: Cohere.ChatMessageV2[] = [PROMPT, first.message, { role: "user", content: "Go on." }];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", messages), thinking: THINKING });
          expect(textOf(second)).toBe(isKept(dialect) ? REASONING_KEPT : REASONING_LOST);
        });

        test(`${dialect}: reasoning before parallel calls, and their results, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { thinking: THINKING, tools: TOOLS };
          const first = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...settings });
          expect(thinkingOf(first) || first.message.toolPlan).toBe(REASONING_TEXT);
          const second = await ask(client, {
            ...paramsOf(dialect, "reasoning-tools", withResults(first)),
            ...settings,
          });
          expect(textOf(second)).toBe(`${TOOL_ANSWER} ${isKept(dialect) ? REASONING_KEPT : REASONING_LOST}`);
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const { usage } = await ask(openClient(stage(), transport), paramsOf(dialect, "usage"));
          expect(usage?.tokens).toMatchObject({ inputTokens: USAGE.input, outputTokens: USAGE.output });
          const { cached, reasoning } = TELLS[dialect];
          if (cached) expect(usage?.cachedTokens).toBe(USAGE.cached);
          // The SDK's types do not name it yet.
          if (reasoning) expect(at(usage, "tokens", "reasoning_tokens")).toBe(USAGE.reasoning);
        });
      }

      test(`${dialect}: an image`, async () => {
        const content: Cohere.Content[] = [
          { type: "text", text: "What is this?" },
          { type: "image_url", imageUrl: { url: PNG_DATA_URL } },
        ];
        const answer = await openClient(stage(), transport).chat(
          paramsOf(dialect, "image", [{ role: "user", content }]),
        );
        expect(textOf(answer)).toBe(IMAGE_TEXT);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const request = openClient(stage(), transport).chat(paramsOf(dialect, `error-${kind}`));
          const error = (await failureOf(request)) as CohereError;
          const { message, callerStatus } = errorFacts(dialect, kind);
          expect(error).toBeInstanceOf(ERRORS[kind]);
          expect(error.statusCode).toBe(callerStatus);
          expect(error.body).toMatchObject({ message });
        });
      }

      test(`${dialect}: an error in mid-stream`, async () => {
        const stream = await openClient(stage(), transport).chatStream(paramsOf(dialect, "error-midstream"));
        let text = "";
        let end: Cohere.ChatMessageEndEventDelta | undefined;
        const failure = await (async () => {
          for await (const event of stream) {
            if (event.type === "content-delta") text += event.delta?.message?.content?.text ?? "";
            if (event.type === "message-end") end = event.delta;
          }
        })().then(
          () => null,
          (error: unknown) => error,
        );
        expect(text).toBe(MIDSTREAM_TEXT);
        // Told by a thrown error or by the last event, never by an ordinary end.
        if (failure === null) expect(end?.finishReason).toBe("ERROR");
        else expect(end).toBeUndefined();
      });
    }

    for (const dialect of ["openai-chat", "gemini", "bedrock-converse", "ollama"] as const) {
      test(`${dialect}: embeddings`, async () => {
        const { embeddings, id } = await openClient(stage(), transport).embed({
          model: modelOf(dialect, "embed"),
          texts: [...EMBED_INPUTS],
          inputType: "search_document",
          embeddingTypes: ["float"],
        });
        expect(embeddings.float).toEqual(EMBED_VECTORS.map((vector) => [...vector]));
        expect(id).not.toBe("");
      });
    }

    test("bedrock-converse: rerank", async () => {
      const { results } = await openClient(stage(), transport).rerank({
        model: modelOf("bedrock-converse", "rerank"),
        query: RERANK_QUERY,
        documents: [...RERANK_DOCUMENTS],
        topN: 2,
      });
      expect(results).toEqual(RERANK_RESULTS.map(({ index, score }) => ({ index, relevanceScore: score })));
    });
  });
}
