import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { demoAnswer } from "../../src/provider/demo-answer.ts";

/** The official SDK, answered by the demo's functions: what it accepts has the shape of the real API. */
function openDemoClient(): OpenAI {
  const answer = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const body: unknown = JSON.parse(String(init?.body));
    const isStream = (body as { stream?: boolean }).stream === true;
    const { status, contentType, chunks } = demoAnswer(new URL(String(url)).pathname, body, isStream);
    return new Response(Buffer.concat([...chunks]), {
      status,
      headers: { "content-type": contentType },
    });
  };
  return new OpenAI({
    apiKey: "unused",
    baseURL: "http://demo.invalid/v1",
    fetch: answer as typeof fetch,
    maxRetries: 0,
  });
}

const client = openDemoClient();
const weatherTool = {
  type: "function" as const,
  function: {
    name: "get_weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" }, unit: { enum: ["celsius", "kelvin"] } },
      required: ["city"],
    },
  },
};

describe("chat completions", () => {
  test("the answer is labelled as a demo and quotes what was said", async () => {
    const answer = await client.chat.completions.create({
      model: "demo",
      messages: [{ role: "user", content: "Grüße 👋" }],
    });
    expect(answer.choices[0]?.message.content).toContain("demo provider");
    expect(answer.choices[0]?.message.content).toContain("Grüße 👋");
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    const { prompt_tokens: input = 0, completion_tokens: output = 0, total_tokens: total } = answer.usage ?? {};
    expect(input).toBeGreaterThan(0);
    expect(total).toBe(input + output);
  });

  test("the same request gets the same bytes, another request gets others", () => {
    const ask = (content: string) => {
      const { chunks } = demoAnswer(
        "/v1/chat/completions",
        { model: "demo", messages: [{ role: "user", content }] },
        true,
      );
      return Buffer.concat([...chunks]).toString();
    };
    expect(ask("one")).toBe(ask("one"));
    expect(ask("one")).not.toBe(ask("two"));
  });

  test("a stream's words joined are the whole answer, and it ends with a finish, usage if asked for, and [DONE]", async () => {
    const request = { model: "demo", messages: [{ role: "user" as const, content: "Hello there" }] };
    const whole = await client.chat.completions.create(request);
    for (const isUsageAsked of [true, false]) {
      const stream = await client.chat.completions.create({
        ...request,
        stream: true,
        stream_options: { include_usage: isUsageAsked },
      });
      const events = await Array.fromAsync(stream);
      const text = events.map((event) => event.choices[0]?.delta.content ?? "").join("");
      expect(text).toBe(whole.choices[0]?.message.content ?? "");
      expect(events.filter((event) => event.choices[0]?.finish_reason === "stop")).toHaveLength(1);
      const usages = events.map((event) => event.usage).filter((usage) => usage !== null && usage !== undefined);
      expect(usages).toEqual(isUsageAsked && whole.usage !== undefined ? [whole.usage] : []);
    }
    const { chunks } = demoAnswer("/chat/completions", request, true);
    expect(Buffer.from(chunks.at(-1) ?? []).toString()).toBe("data: [DONE]\n\n");
  });

  test("max_tokens cuts the answer and says so", async () => {
    const answer = await client.chat.completions.create({
      model: "demo",
      max_completion_tokens: 3,
      messages: [{ role: "user", content: "Hello" }],
    });
    expect(answer.choices[0]?.message.content?.split(" ")).toHaveLength(3);
    expect(answer.choices[0]?.finish_reason).toBe("length");
  });

  test("a required tool is called with arguments that fit its schema, whole and streamed", async () => {
    const request = {
      model: "demo",
      messages: [{ role: "user" as const, content: "Weather in Zürich?" }],
      tools: [weatherTool],
      tool_choice: "required" as const,
    };
    const whole = await client.chat.completions.create(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    for (const { choices } of [whole, streamed]) {
      expect(choices[0]?.finish_reason).toBe("tool_calls");
      const [call] = choices[0]?.message.tool_calls ?? [];
      if (call?.type !== "function") throw new Error(`expected a function call, got ${JSON.stringify(call)}`);
      expect(call.function.name).toBe("get_weather");
      expect(JSON.parse(call.function.arguments)).toEqual({ city: "Weather in Zürich?", days: 1, unit: "celsius" });
    }
  });

  test("a tool is called when the text asks for it, never with tool_choice none, and its result is answered in words", async () => {
    const ask = (content: string, choice: "auto" | "none") =>
      client.chat.completions.create({
        model: "demo",
        messages: [{ role: "user", content }],
        tools: [weatherTool],
        tool_choice: choice,
      });
    expect((await ask("Please use the tool.", "auto")).choices[0]?.finish_reason).toBe("tool_calls");
    expect((await ask("Please use the tool.", "none")).choices[0]?.finish_reason).toBe("stop");
    expect((await ask("Hello", "auto")).choices[0]?.finish_reason).toBe("stop");
    const after = await client.chat.completions.create({
      model: "demo",
      tools: [weatherTool],
      tool_choice: "required",
      messages: [
        { role: "user", content: "Use the tool" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "call_1", content: "21 degrees" },
      ],
    });
    expect(after.choices[0]?.message.content).toContain("21 degrees");
  });

  test("a json_schema format is answered with JSON of that schema, also nested beyond its depth", async () => {
    const answer = await client.chat.completions.create({
      model: "demo",
      messages: [{ role: "user", content: "x" }],
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "thing",
          schema: {
            type: "object",
            properties: {
              name: { type: ["string", "null"] },
              tags: { type: "array", items: { type: "string" } },
              either: { anyOf: [{ type: "boolean" }, { type: "null" }] },
              kind: { const: "demo" },
            },
          },
        },
      },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({
      name: "x",
      tags: ["x"],
      either: true,
      kind: "demo",
    });
    let deep: object = { type: "string" };
    for (let depth = 0; depth < 200; depth++) deep = { type: "array", items: deep };
    const body = {
      messages: [{ role: "user", content: "x" }],
      response_format: { type: "json_schema", json_schema: { schema: deep } },
    };
    expect(demoAnswer("/v1/chat/completions", body, false).status).toBe(200);
  });

  test("json_object is answered with an object", async () => {
    const answer = await client.chat.completions.create({
      model: "demo",
      messages: [{ role: "user", content: [{ type: "text", text: "in parts" }] }],
      response_format: { type: "json_object" },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({ demo: true, you_said: "in parts" });
  });

  test("a request that is none is refused as the API refuses it", async () => {
    for (const body of [null, [], "text", {}, { messages: "no list" }, { messages: [] }]) {
      const answer = demoAnswer("/v1/chat/completions", body, false);
      expect(answer.status).toBe(400);
      expect(JSON.parse(Buffer.concat([...answer.chunks]).toString())).toMatchObject({ error: { param: "messages" } });
    }
  });
});

describe("completions", () => {
  test("whole and streamed say the same", async () => {
    const request = { model: "demo", prompt: "Once upon" };
    const whole = await client.completions.create(request);
    const stream = await client.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    const events = await Array.fromAsync(stream);
    expect(whole.choices[0]?.text).toContain("Once upon");
    expect(events.map((event) => event.choices[0]?.text ?? "").join("")).toBe(whole.choices[0]?.text ?? "");
    expect(events.at(-1)?.usage).toEqual(whole.usage);
    const cut = await client.completions.create({ model: "demo", prompt: ["a", "b"], max_tokens: 2 });
    expect(cut.choices[0]?.finish_reason).toBe("length");
    const refused = await client.completions.create({ model: "demo", prompt: null }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
  });
});

describe("embeddings", () => {
  test("vectors have the asked dimensions, length one, and are the same as floats and as base64", async () => {
    const request = { model: "demo", input: ["one", "two"], dimensions: 64 };
    // The SDK asks for base64 by itself and decodes it.
    const decoded = await client.embeddings.create(request);
    const floats = await client.embeddings.create({ ...request, encoding_format: "float" });
    const [one, two] = floats.data.map(({ embedding }) => embedding);
    expect(one).toHaveLength(64);
    expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5);
    expect(one).not.toEqual(two);
    expect(decoded.data.map(({ embedding }) => [...embedding])).toEqual([one ?? [], two ?? []]);
    const again = await client.embeddings.create({ ...request, input: "one", encoding_format: "float" });
    expect(again.data[0]?.embedding).toEqual(one ?? []);
  });

  test("tokens are taken as input, and default to 1536 dimensions", async () => {
    const single = await client.embeddings.create({ model: "demo", input: [1, 2, 3] });
    const several = await client.embeddings.create({ model: "demo", input: [[1, 2, 3], [4]] });
    expect(single.data.map(({ embedding }) => embedding.length)).toEqual([1536]);
    expect(several.data).toHaveLength(2);
    expect(several.data[0]?.embedding).toEqual(single.data[0]?.embedding ?? []);
  });

  test("dimensions and inputs out of range are refused", async () => {
    const refused: object[] = [
      { input: "x", dimensions: 0 },
      { input: "x", dimensions: 5000 },
      { input: "x", dimensions: 1.5 },
      { input: [] },
      { input: [null] },
      { input: Array.from({ length: 2049 }, () => "x") },
      {},
    ];
    for (const body of refused) expect(demoAnswer("/v1/embeddings", body, false).status).toBe(400);
  });
});

describe("responses", () => {
  test("the stream has the real API's order of events, numbered without a gap", async () => {
    const stream = await client.responses.create({ model: "demo", input: "Hi", stream: true });
    const events = await Array.fromAsync(stream);
    const types = events.map(({ type }) => type);
    const withoutRepeats = types.filter((type, index) => type !== types[index - 1]);
    expect(withoutRepeats).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
  });

  test("the SDK's stream helper assembles the same text as the whole answer", async () => {
    const request = { model: "demo", input: [{ role: "user" as const, content: "Hi" }] };
    const whole = await client.responses.create(request);
    const streamed = await client.responses.stream(request).finalResponse();
    expect(whole.output_text).toContain('You said: "Hi"');
    expect(streamed.output_text).toBe(whole.output_text);
    expect(streamed.usage).toEqual(whole.usage ?? expect.unreachable());
  });

  test("a function is called when required, and its output is answered in words", async () => {
    const tool = { ...weatherTool.function, type: "function" as const, strict: false };
    const request = { model: "demo", input: "Weather?", tools: [tool], tool_choice: "required" as const };
    const streamed = await client.responses.stream(request).finalResponse();
    const [item] = streamed.output;
    if (item?.type !== "function_call") throw new Error(`expected a function call, got ${JSON.stringify(item)}`);
    expect(JSON.parse(item.arguments)).toMatchObject({ city: "Weather?" });
    const after = await client.responses.create({
      ...request,
      input: [item, { type: "function_call_output", call_id: item.call_id, output: "rain" }],
    });
    expect(after.output_text).toContain("rain");
  });

  test("an answer cut by max_output_tokens is incomplete and says why", async () => {
    const answer = await client.responses.create({ model: "demo", input: "Hi", max_output_tokens: 2 });
    expect(answer.status).toBe("incomplete");
    expect(answer.incomplete_details?.reason).toBe("max_output_tokens");
    expect(demoAnswer("/v1/responses", {}, false).status).toBe(400);
  });
});

test("moderations flag nothing, one result per text", async () => {
  const { results } = await client.moderations.create({ input: ["a", "b"] });
  expect(results.map(({ flagged }) => flagged)).toEqual([false, false]);
  expect(demoAnswer("/v1/moderations", {}, false).status).toBe(400);
});

test("a path the demo does not serve is OpenAI's 404", async () => {
  const refused = await client.images.generate({ prompt: "x" }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OpenAI.NotFoundError);
});
