/** Every dialect where both sides speak it: the bytes pass, and what they say of usage and of their end is understood. */
import { describe, expect, test } from "bun:test";
import { bedrockConverse } from "../../src/dialect/bedrock-converse/dialect.ts";
import { chunkedAnswer, jsonAnswer } from "../instruments/answers.ts";
import { writePost } from "../instruments/raw-client.ts";
import { until } from "../instruments/until.ts";
import { Stage } from "./stage.ts";

type Case = {
  readonly dialect: string;
  readonly path: string;
  readonly body: object;
  readonly type: string;
  /** The stream in pieces; the last holds its end. */
  readonly pieces: readonly (string | Uint8Array)[];
  /** The whole answer, and where it is asked for. */
  readonly whole: object;
  readonly wholePath: string;
};

const sse = (data: object, event = ""): string =>
  `${event === "" ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
const line = (data: object): string => `${JSON.stringify(data)}\n`;

const GEMINI_END = {
  candidates: [{ content: { role: "model", parts: [{ text: "b" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 12 },
};
const GEMINI_TEXT = { candidates: [{ content: { role: "model", parts: [{ text: "a" }] } }] };
const OLLAMA_END = {
  model: "m",
  created_at: "x",
  message: { role: "assistant", content: "" },
  done: true,
  done_reason: "stop",
};
const OLLAMA_COUNTS = { total_duration: 1, prompt_eval_count: 7, eval_count: 5 };

/** A binary stream as Bedrock's own writer of ours makes it; its framing has tests of its own. */
function converseStream(): readonly Uint8Array[] {
  const writer = bedrockConverse.generate.openWriter({
    endpoint: bedrockConverse.endpoints[0] as (typeof bedrockConverse.endpoints)[number],
    model: "m",
    requestId: "r",
    createdAt: 0,
    wantsStreamUsage: true,
    query: new URLSearchParams(),
    request: null,
  });
  const events = [
    { kind: "message-start", id: null, model: null, createdAt: null, serviceTier: null, extra: null },
    { kind: "part-start", choice: 0, part: 0, start: { kind: "text" } },
    { kind: "text-delta", choice: 0, part: 0, text: "a" },
    { kind: "part-end", choice: 0, part: 0, extra: null },
    { kind: "finish", choice: 0, finish: { kind: "stop", native: null, stopSequence: null }, extra: null },
    {
      kind: "usage",
      usage: { ...bedrockConverse.readUsage('{"inputTokens":7,"outputTokens":5,"totalTokens":12}'), extra: null },
    },
    { kind: "message-end", extra: null },
  ] as unknown as Parameters<typeof writer.write>[0][];
  return events.map((event) => Buffer.from(writer.write(event) as Uint8Array)).filter((piece) => piece.length > 0);
}

const CASES: readonly Case[] = [
  {
    dialect: "gemini",
    path: "/v1beta/models/m:streamGenerateContent?alt=sse",
    wholePath: "/v1beta/models/m:generateContent",
    body: { contents: [{ role: "user", parts: [{ text: "x" }] }] },
    type: "text/event-stream",
    pieces: [sse(GEMINI_TEXT), sse(GEMINI_END)],
    whole: GEMINI_END,
  },
  {
    dialect: "gemini",
    path: "/v1beta/models/m:streamGenerateContent",
    wholePath: "/v1beta/models/m:generateContent",
    body: { contents: [] },
    type: "application/json",
    pieces: [`[${JSON.stringify(GEMINI_TEXT)}`, `,\n${JSON.stringify(GEMINI_END)}`, "]"],
    whole: GEMINI_END,
  },
  {
    dialect: "bedrock-converse",
    path: "/model/m/converse-stream",
    wholePath: "/model/m/converse",
    body: { messages: [] },
    type: "application/vnd.amazon.eventstream",
    pieces: converseStream(),
    whole: { output: {}, stopReason: "end_turn", usage: { inputTokens: 7, outputTokens: 5, totalTokens: 12 } },
  },
  {
    dialect: "cohere",
    path: "/v2/chat",
    wholePath: "/v2/chat",
    body: { model: "m", messages: [], stream: true },
    type: "text/event-stream",
    pieces: [
      sse({ type: "content-delta", index: 0, delta: { message: { content: { text: "a" } } } }, "content-delta"),
      sse(
        {
          type: "message-end",
          delta: { finish_reason: "COMPLETE", usage: { tokens: { input_tokens: 7, output_tokens: 5 } } },
        },
        "message-end",
      ),
    ],
    whole: {
      id: "i",
      message: {},
      finish_reason: "COMPLETE",
      usage: { tokens: { input_tokens: 7, output_tokens: 5 } },
    },
  },
  {
    dialect: "ollama",
    path: "/api/chat",
    wholePath: "/api/chat",
    body: { model: "m", messages: [] },
    type: "application/x-ndjson",
    pieces: [
      line({ model: "m", message: { role: "assistant", content: "a" }, done: false }),
      line({ ...OLLAMA_END, ...OLLAMA_COUNTS }),
    ],
    whole: { ...OLLAMA_END, ...OLLAMA_COUNTS },
  },
];

for (const each of CASES) {
  const name = `${each.dialect} as ${each.type}`;
  const options = { provider: { dialect: each.dialect }, baseUrl: ({ origin }: { origin: string }) => origin };
  const counted = async (stage: Stage): Promise<unknown> =>
    await until("the exchange to be in the log", async () => (await stage.readExchanges(1)).at(-1));

  describe(name, () => {
    test("a passed stream is whole by its own end, and its usage is counted", async () => {
      await Stage.with(options, async (stage) => {
        stage.upstream.respond = () => chunkedAnswer(each.pieces, each.type);
        const client = await stage.connect();
        await client.send(writePost(each.path, JSON.stringify(each.body)));
        const answer = await client.readAnswer();
        client.close();
        expect(Buffer.concat(answer.bodyParts)).toEqual(Buffer.concat(each.pieces.map((piece) => Buffer.from(piece))));
        expect(await counted(stage)).toMatchObject({ outcome: "finished", tokens_in: 7, tokens_out: 5, stream: true });
      });
    });

    test("one that stops before its end is not", async () => {
      await Stage.with(options, async (stage) => {
        stage.upstream.respond = () => chunkedAnswer(each.pieces.slice(0, 1), each.type);
        const client = await stage.connect();
        await client.send(writePost(each.path, JSON.stringify(each.body)));
        await client.waitForEnd();
        expect(client.received.toString("latin1")).not.toEndWith("0\r\n\r\n");
        expect(await counted(stage)).toMatchObject({ outcome: "truncated" });
      });
    });

    test("a whole answer's usage is counted", async () => {
      await Stage.with(options, async (stage) => {
        stage.upstream.respond = () => jsonAnswer(each.whole);
        const client = await stage.connect();
        await client.send(writePost(each.wholePath, JSON.stringify({ ...each.body, stream: false })));
        expect((await client.readAnswer()).status).toBe(200);
        client.close();
        expect(await counted(stage)).toMatchObject({ tokens_in: 7, tokens_out: 5, usage_source: "provider" });
      });
    });
  });
}

test("usage of Cohere's embeddings and rankings is counted where they pass", async () => {
  const options = { provider: { dialect: "cohere" }, baseUrl: ({ origin }: { origin: string }) => origin };
  await Stage.with(options, async (stage) => {
    const meta = { api_version: { version: "2" }, billed_units: { input_tokens: 7 } };
    stage.upstream.respond = () => jsonAnswer({ id: "i", embeddings: { float: [[1]] }, texts: ["a"], meta });
    const client = await stage.connect();
    await client.send(writePost("/v2/embed", '{"model":"m","texts":["a"],"input_type":"search_query"}'));
    expect((await client.readAnswer()).status).toBe(200);
    client.close();
    expect((await stage.readExchanges(1)).at(-1)).toMatchObject({ tokens_in: 7, usage_source: "provider" });
  });
});
