import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { toFile } from "openai";
import {
  bodyAnswer,
  chatCompletion,
  chatStream,
  chatStreamEvents,
  embeddings,
  eventStream,
  EXAMPLE_USAGE,
  jsonAnswer,
  responsesStream,
} from "../instruments/answers.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { makeGate } from "../instruments/until.ts";
import { CALLER_KEY, describeWithExecutable, openClient, TRANSPORTS, UPSTREAM_KEY } from "./fixture.ts";

const hello = [{ role: "user" as const, content: "Hello — 你好 👋" }];

function readBody(message: HttpMessage): Buffer {
  return Buffer.concat(message.bodyParts);
}

function readJson(message: HttpMessage): Record<string, unknown> {
  return JSON.parse(readBody(message).toString()) as Record<string, unknown>;
}

for (const transport of TRANSPORTS) {
  describeWithExecutable(`the openai SDK over ${transport}`, (stage) => {
    test("a plain chat completion: the model is renamed, the caller's key stays here, the provider's goes on", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => chatCompletion({ content: "Hi." });
      const answer = await openClient(gateway, transport).chat.completions.create({
        model: "example",
        messages: hello,
      });
      expect(answer.choices[0]?.message.content).toBe("Hi.");
      expect(answer.usage).toMatchObject({
        prompt_tokens: EXAMPLE_USAGE.input,
        completion_tokens: EXAMPLE_USAGE.output,
      });
      const { message } = upstream.lastRequest;
      expect(message.target).toBe("/v1/chat/completions");
      expect(readJson(message)).toEqual({ model: "example-model", messages: hello });
      expect(message.all("authorization")).toEqual([`Bearer ${UPSTREAM_KEY}`]);
      expect(message.rawHead.toString("latin1")).not.toContain(CALLER_KEY);
      expect(upstream.syntaxErrors).toEqual([]);
    });

    test("a name that fits a pattern carries its own part to the provider", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => chatCompletion();
      await openClient(gateway, transport).chat.completions.create({ model: "local/qwen3:8b", messages: hello });
      expect(readJson(upstream.lastRequest.message)["model"]).toBe("qwen3:8b");
    });

    test("a stream arrives as it is sent, event by event, without the usage nobody asked for", async () => {
      const { gateway, upstream } = stage();
      const second = makeGate();
      const events = chatStreamEvents({ chunks: ["one ", "two"], usage: EXAMPLE_USAGE });
      const script = eventStream(events);
      // Everything behind the first text waits until that text has been read.
      upstream.respond = () => [...script.slice(0, 3), { kind: "wait", until: second.opened }, ...script.slice(3)];
      const stream = await openClient(gateway, transport).chat.completions.create({
        model: "example",
        messages: hello,
        stream: true,
      });
      let text = "";
      let usages = 0;
      for await (const event of stream) {
        text += event.choices[0]?.delta.content ?? "";
        if (event.usage !== undefined && event.usage !== null) usages += 1;
        if (text === "one ") second.open();
      }
      expect(text).toBe("one two");
      expect(usages).toBe(0);
      expect(readJson(upstream.lastRequest.message)["stream_options"]).toEqual({ include_usage: true });
    });

    test("a stream whose caller asked for usage carries it", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => chatStream({ chunks: ["x"], usage: EXAMPLE_USAGE });
      const stream = await openClient(gateway, transport).chat.completions.create({
        model: "example",
        messages: hello,
        stream: true,
        stream_options: { include_usage: true },
      });
      const events = await Array.fromAsync(stream);
      expect(events.at(-1)?.usage).toMatchObject({ total_tokens: EXAMPLE_USAGE.input + EXAMPLE_USAGE.output });
    });

    test("tool calls go both ways, whole and streamed", async () => {
      const { gateway, upstream } = stage();
      const client = openClient(gateway, transport);
      const tools = [
        {
          type: "function" as const,
          function: { name: "get_weather", parameters: { type: "object", properties: {} } },
        },
      ];
      const call = { id: "call_example", name: "get_weather", arguments: `{"city":"Zürich"}` };
      upstream.respond = () => chatCompletion({ toolCalls: [call] });
      const whole = await client.chat.completions.create({ model: "example", messages: hello, tools });
      expect(readJson(upstream.lastRequest.message)["tools"]).toEqual(tools);
      const frame = (delta: object, finish: string | null) =>
        `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
      const start = { index: 0, id: call.id, type: "function", function: { name: call.name, arguments: "" } };
      upstream.respond = () =>
        eventStream([
          frame({ role: "assistant", content: null, tool_calls: [start] }, null),
          frame({ tool_calls: [{ index: 0, function: { arguments: `{"city":` } }] }, null),
          frame({ tool_calls: [{ index: 0, function: { arguments: `"Zürich"}` } }] }, null),
          frame({}, "tool_calls"),
          "data: [DONE]\n\n",
        ]);
      const streamed = await client.chat.completions
        .stream({ model: "example", messages: hello, tools })
        .finalChatCompletion();
      for (const { choices } of [whole, streamed]) {
        const [first] = choices[0]?.message.tool_calls ?? [];
        if (first?.type !== "function") throw new Error(`expected a function call, got ${JSON.stringify(first)}`);
        expect(first.function).toMatchObject({ name: call.name, arguments: call.arguments });
        expect(choices[0]?.finish_reason).toBe("tool_calls");
      }
    });

    test("completions, moderations and image generations go through", async () => {
      const { gateway, upstream } = stage();
      const client = openClient(gateway, transport);
      upstream.respond = ({ message }) =>
        jsonAnswer(
          message.target.endsWith("/completions")
            ? {
                id: "c",
                object: "text_completion",
                created: 1,
                model: "m",
                choices: [{ index: 0, text: "done", finish_reason: "stop", logprobs: null }],
              }
            : message.target.endsWith("/moderations")
              ? { id: "m", model: "m", results: [{ flagged: true }] }
              : { created: 1, data: [{ b64_json: "aGk=" }] },
        );
      expect((await client.completions.create({ model: "example", prompt: "x" })).choices[0]?.text).toBe("done");
      expect((await client.moderations.create({ model: "example", input: "x" })).results[0]?.flagged).toBe(true);
      expect((await client.images.generate({ model: "example", prompt: "x" })).data?.[0]?.b64_json).toBe("aGk=");
      for (const { message } of upstream.requests) expect(readJson(message)["model"]).toBe("example-model");
      expect(upstream.requests.map(({ message }) => message.target)).toEqual([
        "/v1/completions",
        "/v1/moderations",
        "/v1/images/generations",
      ]);
    });

    test("embeddings go through", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => embeddings({ count: 2 });
      const answer = await openClient(gateway, transport).embeddings.create({
        model: "example",
        input: ["a", "b"],
        encoding_format: "float",
      });
      expect(answer.data).toHaveLength(2);
      expect(readJson(upstream.lastRequest.message)).toMatchObject({ model: "example-model", input: ["a", "b"] });
    });

    test("the Responses API streams to its end", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => responsesStream({ texts: ["a", "b"] });
      const stream = await openClient(gateway, transport).responses.create({
        model: "example",
        input: "x",
        stream: true,
      });
      const events = await Array.fromAsync(stream);
      expect(events.at(0)?.type).toBe("response.created");
      expect(events.at(-1)?.type).toBe("response.completed");
      expect(events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("")).toBe(
        "ab",
      );
    });

    test("the models of the config are listed and retrieved without asking a provider", async () => {
      const { gateway, upstream } = stage();
      const client = openClient(gateway, transport);
      const ids = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
      expect(ids).toContain("example");
      expect(await client.models.retrieve("example")).toMatchObject({ id: "example", object: "model" });
      expect(upstream.requests).toEqual([]);
    });

    test("speech comes back byte for byte", async () => {
      const { gateway, upstream } = stage();
      const sound = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) & 0xff));
      upstream.respond = () => bodyAnswer(sound, "audio/mpeg");
      const answer = await openClient(gateway, transport).audio.speech.create({
        model: "example",
        voice: "alloy",
        input: "x",
      });
      expect(answer.headers.get("content-type")).toBe("audio/mpeg");
      expect(Buffer.from(await answer.arrayBuffer()).equals(sound)).toBe(true);
    });

    test("a file of 20 MB goes through a transcription as it is, with the model renamed", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => jsonAnswer({ text: "heard" });
      const sound = Buffer.alloc(20_000_000, "LLMux sends every byte. ");
      sound.write("--boundary-like\r\n\r\n", 10_000_000);
      const answer = await openClient(gateway, transport).audio.transcriptions.create({
        model: "example",
        file: await toFile(sound, "speech.wav"),
        language: "de",
      });
      expect(answer.text).toBe("heard");
      const { message } = upstream.lastRequest;
      const form = await new Response(readBody(message), {
        headers: { "content-type": message.all("content-type")[0] ?? "" },
      }).formData();
      expect(form.get("model")).toBe("example-model");
      expect(form.get("language")).toBe("de");
      const file = form.get("file");
      if (!(file instanceof Blob)) throw new Error(`expected a file, got ${String(file)}`);
      expect(digest(await file.bytes())).toBe(digest(sound));
    });

    test("image edits carry several files", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => jsonAnswer({ created: 1, data: [{ b64_json: "aGk=" }] });
      const png = (byte: number) => toFile(Buffer.alloc(5000, byte), `${byte}.png`, { type: "image/png" });
      await openClient(gateway, transport).images.edit({
        model: "example",
        prompt: "make it blue",
        image: [await png(1), await png(2)],
      });
      const { message } = upstream.lastRequest;
      expect(message.target).toBe("/v1/images/edits");
      const form = await new Response(readBody(message), {
        headers: { "content-type": message.all("content-type")[0] ?? "" },
      }).formData();
      expect(form.get("model")).toBe("example-model");
      expect(form.getAll("image[]")).toHaveLength(2);
    });

    test("a request id is made or kept, and both sides see the same one", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => chatCompletion();
      const client = openClient(gateway, transport);
      const made = await client.chat.completions.create({ model: "example", messages: hello }).withResponse();
      expect(made.request_id).not.toBe(null);
      expect(upstream.lastRequest.message.all("x-request-id")).toEqual([made.request_id ?? ""]);
      const kept = await client.chat.completions
        .create({ model: "example", messages: hello }, { headers: { "x-request-id": "mine-1" } })
        .withResponse();
      expect(kept.request_id).toBe("mine-1");
      expect(upstream.lastRequest.message.all("x-request-id")).toEqual(["mine-1"]);
    });
  });
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
