/** Streams that two providers wrote, and say so in their end, as the official SDKs read them: whole, and without a stumble. */
import { afterAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { Mistral } from "@mistralai/mistralai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { CohereClientV2 } from "cohere-ai";
import Groq from "groq-sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import type { DialectId } from "../../src/dialect/neutral.ts";
import { ask, CallerSide, textStream } from "../dialect/resumed-streams.ts";

const WHOLE = "The sea is wide and old.\n\nIt takes the light of the morning, 🌊 and gives it back at night.";
const MARK = "second/model-there";

/** Begun by a provider of the caller's own API, continued by one of another. */
function resumedStream(from: DialectId): CallerSide {
  const caller = new CallerSide(ask({ from, to: from }).answer.openStream({ tracksText: true }));
  caller.feed(textStream(from, WHOLE, [10, 20]).slice(0, 5));
  const { text } = caller.stream.resumable as { text: string };
  const second = from === "anthropic-messages" ? "openai-chat" : "anthropic-messages";
  caller.stream.continueWith(ask({ from, to: second, continues: text }).answer, MARK);
  caller.feed(textStream(second, WHOLE.slice(Math.max(0, text.length - 12)), [30, 40]));
  caller.end();
  return caller;
}

/** Gives everybody the stream of the API that its path belongs to, in small pieces. */
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const { pathname } = new URL(request.url);
    const found = PATHS.find(([path]) => pathname.includes(path));
    if (found === undefined) return new Response(`nothing at ${pathname}`, { status: 404 });
    const { bytes, stream } = resumedStream(found[1]);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 64) controller.enqueue(bytes.subarray(at, at + 64));
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": stream.contentType } });
  },
});
const PATHS: readonly (readonly [path: string, dialect: DialectId])[] = [
  ["/chat/completions", "openai-chat"],
  ["/responses", "openai-responses"],
  ["/messages", "anthropic-messages"],
  ["/v1beta/", "gemini"],
  ["/converse-stream", "bedrock-converse"],
  ["/v2/chat", "cohere"],
  ["/api/chat", "ollama"],
];
const ORIGIN = `http://127.0.0.1:${server.port}`;
const KEY = "sk-example";

afterAll(() => server.stop(true));

const PROMPT = { role: "user", content: "Tell me of the sea." } as const;

describe("a resumed stream", () => {
  test("says so in every API", () => {
    for (const [, from] of PATHS) {
      const text = resumedStream(from).bytes.toString("latin1");
      expect([from, text.includes(`: llmux-resumed ${MARK}`) || text.includes(`"llmux_resumed":["${MARK}"]`)]).toEqual([
        from,
        true,
      ]);
    }
  });

  test("openai reads a chat", async () => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${ORIGIN}/v1`, maxRetries: 0 });
    const stream = client.chat.completions.stream({
      model: "m",
      messages: [PROMPT],
      stream_options: { include_usage: true },
    });
    const { choices, usage } = await stream.finalChatCompletion();
    expect([choices[0]?.message.content, choices[0]?.finish_reason, usage?.prompt_tokens]).toEqual([WHOLE, "stop", 30]);
  });

  test("openai reads a response", async () => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${ORIGIN}/v1`, maxRetries: 0 });
    const final = await client.responses.stream({ model: "m", input: "Tell me of the sea." }).finalResponse();
    expect([final.output_text, final.status, final.usage?.input_tokens]).toEqual([WHOLE, "completed", 30]);
  });

  test("anthropic reads a message", async () => {
    const client = new Anthropic({ apiKey: KEY, baseURL: ORIGIN, maxRetries: 0 });
    const final = await client.messages.stream({ model: "m", max_tokens: 100, messages: [PROMPT] }).finalMessage();
    expect(final.content.map((block) => (block.type === "text" ? block.text : block.type)).join("")).toBe(WHOLE);
    expect([final.stop_reason, final.usage.input_tokens]).toEqual(["end_turn", 10 + 30]);
  });

  test("google reads content", async () => {
    const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: ORIGIN } });
    let text = "";
    let reason: string | undefined;
    for await (const chunk of await client.models.generateContentStream({ model: "m", contents: PROMPT.content })) {
      text += chunk.text ?? "";
      reason = chunk.candidates?.[0]?.finishReason ?? reason;
    }
    expect([text, reason]).toEqual([WHOLE, "STOP"]);
  });

  test("bedrock reads a conversation", async () => {
    const client = new BedrockRuntimeClient({
      region: "us-east-1",
      endpoint: ORIGIN,
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
    });
    const { stream } = await client.send(
      new ConverseStreamCommand({ modelId: "m", messages: [{ role: "user", content: [{ text: PROMPT.content }] }] }),
    );
    let text = "";
    let reason: string | undefined;
    let input: number | undefined;
    for await (const event of stream ?? []) {
      text += event.contentBlockDelta?.delta?.text ?? "";
      reason = event.messageStop?.stopReason ?? reason;
      input = event.metadata?.usage?.inputTokens ?? input;
    }
    client.destroy();
    expect([text, reason, input]).toEqual([WHOLE, "end_turn", 30]);
  });

  test("cohere reads a chat", async () => {
    const client = new CohereClientV2({ token: KEY, environment: ORIGIN });
    let text = "";
    let reason: string | undefined;
    for await (const event of await client.chatStream({ model: "m", messages: [PROMPT] })) {
      if (event.type === "content-delta") text += event.delta?.message?.content?.text ?? "";
      if (event.type === "message-end") reason = event.delta?.finishReason;
    }
    expect([text, reason]).toEqual([WHOLE, "COMPLETE"]);
  });

  test("ollama reads a chat", async () => {
    const client = new Ollama({ host: ORIGIN });
    let text = "";
    let reason: string | undefined;
    for await (const line of await client.chat({ model: "m", messages: [PROMPT], stream: true })) {
      text += line.message.content;
      if (line.done) reason = line.done_reason;
    }
    expect([text, reason]).toEqual([WHOLE, "stop"]);
  });

  test("mistral and groq read a chat", async () => {
    const mistral = new Mistral({ apiKey: KEY, serverURL: ORIGIN });
    let text = "";
    for await (const { data } of await mistral.chat.stream({ model: "m", messages: [PROMPT] })) {
      const { content } = data.choices[0]?.delta ?? {};
      if (typeof content === "string") text += content;
    }
    expect(text).toBe(WHOLE);
    const groq = new Groq({ apiKey: KEY, baseURL: ORIGIN, maxRetries: 0 });
    text = "";
    for await (const chunk of await groq.chat.completions.create({ model: "m", messages: [PROMPT], stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe(WHOLE);
  });
});
