/** AWS's official Bedrock SDK against providers of every other dialect; it checks the CRCs of every event by itself. */
import { expect, test } from "bun:test";
import { Agent, type AgentOptions } from "node:http";
import {
  AccessDeniedException,
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  type ConverseStreamOutput,
  ConverseStreamCommand,
  InternalServerException,
  type Message,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ServiceUnavailableException,
  type StopReason,
  ThrottlingException,
  type TokenUsage,
  type ToolConfiguration,
  type ToolUseBlock,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import {
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
import { type ClientStage, describeClient, failureOf, type Transport, TRANSPORTS } from "./stage.ts";

const OTHERS = othersThan("bedrock-converse");
const PROMPT = "What is the weather, and what time is it?";
/** As applications ask Claude for it; Converse has no word of its own. */
const THINKING = { additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } } } as const;

/** The SDK's default handler speaks HTTP/2 alone; the gateway, like any HTTP/1.1 endpoint, needs the other one. */
function openClient({ gateway, baseUrl }: ClientStage, transport: Transport): BedrockRuntimeClient {
  const httpAgent = transport === "unix" ? new Agent({ socketPath: gateway.socketPath } as AgentOptions) : new Agent();
  return new BedrockRuntimeClient({
    region: "eu-central-1",
    endpoint: baseUrl(transport),
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ httpAgent, requestTimeout: 20_000 }),
  });
}

const TOOLS: ToolConfiguration = {
  tools: (["get_weather", "get_time"] as const).map((name) => ({
    toolSpec: {
      name,
      description: TOOL_DESCRIPTIONS[name],
      inputSchema: { json: structuredClone(TOOL_PARAMETERS[name]) as never },
    },
  })),
};

type Turn = {
  readonly content: readonly ContentBlock[];
  readonly stopReason: StopReason | undefined;
  readonly usage: TokenUsage | undefined;
};
type Ask = (client: BedrockRuntimeClient, input: ConverseCommandInput) => Promise<Turn>;

const WAYS: readonly (readonly [name: string, ask: Ask])[] = [
  [
    "whole",
    async (client, input) => {
      const { output, stopReason, usage } = await client.send(new ConverseCommand(input));
      return { content: output?.message?.content ?? [], stopReason, usage };
    },
  ],
  ["streamed", async (client, input) => fold(await readEvents(client, input))],
];

async function readEvents(client: BedrockRuntimeClient, input: ConverseCommandInput): Promise<ConverseStreamOutput[]> {
  const { stream } = await client.send(new ConverseStreamCommand(input));
  if (stream === undefined) throw new Error("expected a stream");
  return await Array.fromAsync(stream);
}

type Draft = {
  text: string;
  thought: string;
  signature: string;
  redacted: Uint8Array | null;
  call: ToolUseBlock | null;
  input: string;
};

/** What an application makes of the events: blocks by their index. */
function fold(events: readonly ConverseStreamOutput[]): Turn {
  const drafts = new Map<number, Draft>();
  const draftOf = (index: number | undefined): Draft => {
    if (index === undefined) throw new Error("expected every block's event to carry its index");
    const draft = drafts.get(index) ?? { text: "", thought: "", signature: "", redacted: null, call: null, input: "" };
    drafts.set(index, draft);
    return draft;
  };
  let stopReason: StopReason | undefined;
  let usage: TokenUsage | undefined;
  for (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of events) {
    if (contentBlockStart?.start?.toolUse !== undefined) {
      const { toolUseId, name } = contentBlockStart.start.toolUse;
      draftOf(contentBlockStart.contentBlockIndex).call = { toolUseId, name, input: null };
    }
    if (contentBlockDelta?.delta !== undefined) {
      const draft = draftOf(contentBlockDelta.contentBlockIndex);
      const { text, toolUse, reasoningContent } = contentBlockDelta.delta;
      draft.text += text ?? "";
      draft.input += toolUse?.input ?? "";
      draft.thought += reasoningContent?.text ?? "";
      draft.signature += reasoningContent?.signature ?? "";
      draft.redacted = reasoningContent?.redactedContent ?? draft.redacted;
    }
    stopReason = messageStop?.stopReason ?? stopReason;
    usage = metadata?.usage ?? usage;
  }
  const content = [...drafts.entries()].toSorted(([a], [b]) => a - b).map(([, draft]) => blockOf(draft));
  return { content, stopReason, usage };
}

function blockOf({ text, thought, signature, redacted, call, input }: Draft): ContentBlock {
  if (redacted !== null) return { reasoningContent: { redactedContent: redacted } };
  if (call !== null) return { toolUse: { ...call, input: JSON.parse(input === "" ? "{}" : input) as never } };
  if (thought === "" && signature === "") return { text };
  return { reasoningContent: { reasoningText: { text: thought, ...(signature === "" ? {} : { signature }) } } };
}

function inputOf(dialect: FakeDialectId, scenario: Scenario, messages: Message[] = ASKED): ConverseCommandInput {
  return { modelId: modelOf(dialect, scenario), messages, inferenceConfig: { maxTokens: 2_048 } };
}

const ASKED: Message[] = [{ role: "user", content: [{ text: PROMPT }] }];

function textOf(content: readonly ContentBlock[]): string {
  return content.map(({ text }) => text ?? "").join("");
}

function thoughtsOf(content: readonly ContentBlock[]): string {
  return content.map(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? "").join("");
}

/** The turn that follows one with tool calls: the answer's blocks as they came, and a result for each call. */
function withResults({ content }: Turn): Message[] {
  const results = content.flatMap(({ toolUse }): ContentBlock[] => {
    if (toolUse === undefined) return [];
    const { toolUseId, name } = toolUse;
    return [{ toolResult: { toolUseId, content: [{ text: TOOL_RESULTS[name as ToolName] }] } }];
  });
  return [...ASKED, { role: "assistant", content: [...content] }, { role: "user", content: results }];
}

/** The SDK's class and the exception's name; an unsigned caller's exception is none that the SDK has a class for. */
const ERRORS: Readonly<Record<ErrorKind, readonly [new (...args: never[]) => Error, string]>> = {
  authentication: [BedrockRuntimeServiceException, "UnrecognizedClientException"],
  permission: [AccessDeniedException, "AccessDeniedException"],
  "not-found": [ResourceNotFoundException, "ResourceNotFoundException"],
  "rate-limit": [ThrottlingException, "ThrottlingException"],
  "context-window": [ValidationException, "ValidationException"],
  "content-policy": [ValidationException, "ValidationException"],
  overloaded: [ServiceUnavailableException, "ServiceUnavailableException"],
  billing: [ServiceQuotaExceededException, "ServiceQuotaExceededException"],
  server: [InternalServerException, "InternalServerException"],
};

for (const transport of TRANSPORTS) {
  describeClient(`@aws-sdk/client-bedrock-runtime over ${transport}`, (stage) => {
    for (const dialect of OTHERS) {
      test(`${dialect}: a plain answer`, async () => {
        const answer = await openClient(stage(), transport).send(
          new ConverseCommand({ ...inputOf(dialect, "plain"), system: [{ text: "Be brief." }] }),
        );
        expect(answer.output?.message).toEqual({ role: "assistant", content: [{ text: PLAIN_TEXT }] });
        expect(answer.stopReason).toBe("end_turn");
        expect(answer.$metadata.requestId).toStartWith("req_");
        expect(answer.metrics?.latencyMs).toBeGreaterThanOrEqual(0);
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const events = await readEvents(openClient(stage(), transport), inputOf(dialect, "stream"));
        expect(events[0]).toEqual({ messageStart: { role: "assistant" } });
        expect(events.filter(({ contentBlockDelta }) => contentBlockDelta !== undefined).length).toBeGreaterThan(1);
        expect(events.at(-2)?.messageStop).toMatchObject({ stopReason: "end_turn" });
        expect(events.at(-1)?.metadata?.usage).toBeDefined();
        expect(textOf(fold(events).content)).toBe(PLAIN_TEXT);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...inputOf(dialect, "tools"), toolConfig: TOOLS });
          expect(first.stopReason).toBe("tool_use");
          const calls = first.content.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [toolUse]));
          expect(calls.map(({ name, input }) => ({ name, arguments: input }))).toEqual([...TOOL_CALLS] as never);
          expect(new Set(calls.map(({ toolUseId }) => toolUseId)).size).toBe(TOOL_CALLS.length);
          const second = await ask(client, { ...inputOf(dialect, "tools", withResults(first)), toolConfig: TOOLS });
          expect(textOf(second.content)).toBe(TOOL_ANSWER);
          expect(second.stopReason).toBe("end_turn");
        });

        test(`${dialect}: JSON of a schema, ${way}`, async () => {
          const { content, stopReason } = await ask(openClient(stage(), transport), {
            ...inputOf(dialect, "json-schema"),
            outputConfig: {
              textFormat: {
                type: "json_schema",
                structure: { jsonSchema: { schema: JSON.stringify(JSON_SCHEMA), name: "weather" } },
              },
            },
          });
          expect(JSON.parse(textOf(content))).toEqual(JSON_ANSWER);
          expect(stopReason).toBe("end_turn");
        });

        test(`${dialect}: reasoning, whose signature goes back on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...inputOf(dialect, "reasoning"), ...THINKING });
          expect(thoughtsOf(first.content)).toBe(REASONING_TEXT);
          expect(textOf(first.content)).toBe(REASONING_ANSWER);
          const messages: Message[] = [
            ...ASKED,
            { role: "assistant", content: [...first.content] },
            { role: "user", content: [{ text: "Go on." }] },
          ];
          const second = await ask(client, { ...inputOf(dialect, "reasoning", messages), ...THINKING });
          expect(textOf(second.content)).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { toolConfig: TOOLS, ...THINKING };
          const first = await ask(client, { ...inputOf(dialect, "reasoning-tools"), ...settings });
          expect(thoughtsOf(first.content)).toBe(REASONING_TEXT);
          const second = await ask(client, {
            ...inputOf(dialect, "reasoning-tools", withResults(first)),
            ...settings,
          });
          expect(textOf(second.content)).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const { usage } = await ask(openClient(stage(), transport), inputOf(dialect, "usage"));
          const cached = TELLS[dialect].cached ? USAGE.cached : 0;
          expect(usage).toMatchObject({
            inputTokens: USAGE.input - cached,
            outputTokens: USAGE.output,
            totalTokens: USAGE.input + USAGE.output,
            ...(cached > 0 ? { cacheReadInputTokens: cached } : {}),
          });
        });
      }

      test(`${dialect}: an image`, async () => {
        const bytes = Buffer.from(PNG_BASE64, "base64");
        const answer = await openClient(stage(), transport).send(
          new ConverseCommand(
            inputOf(dialect, "image", [
              { role: "user", content: [{ image: { format: "png", source: { bytes } } }, { text: "What is this?" }] },
            ]),
          ),
        );
        expect(textOf(answer.output?.message?.content ?? [])).toBe(IMAGE_TEXT);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const [errorClass, name] = ERRORS[kind];
          const { callerStatus, message } = errorFacts(dialect, kind);
          const error = await failureOf(
            openClient(stage(), transport).send(new ConverseCommand(inputOf(dialect, `error-${kind}`))),
          );
          expect(error).toBeInstanceOf(errorClass);
          if (!(error instanceof BedrockRuntimeServiceException)) throw error;
          expect(error).toMatchObject({ name, message });
          expect(error.$metadata.httpStatusCode).toBe(callerStatus);
          expect(error.$metadata.requestId).toStartWith("req_");
        });
      }

      test(`${dialect}: an error before a stream's first event keeps its class`, async () => {
        const error = await failureOf(readEvents(openClient(stage(), transport), inputOf(dialect, "error-rate-limit")));
        expect(error).toBeInstanceOf(ThrottlingException);
      });

      test(`${dialect}: an error in mid-stream`, async () => {
        const client = openClient(stage(), transport);
        const { stream } = await client.send(new ConverseStreamCommand(inputOf(dialect, "error-midstream")));
        if (stream === undefined) throw new Error("expected a stream");
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const { contentBlockDelta } of stream) text += contentBlockDelta?.delta?.text ?? "";
          })(),
        );
        expect(error).toBeInstanceOf(BedrockRuntimeServiceException);
        expect(error.message).toContain(MIDSTREAM_MESSAGE);
        expect(text).toBe(MIDSTREAM_TEXT);
      });
    }
  });
}
