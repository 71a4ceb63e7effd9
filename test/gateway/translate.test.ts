/** A caller of one dialect, a provider of another: requests, answers, streams, errors and every way they break. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bodyAnswer, chunkedAnswer, jsonAnswer } from "../instruments/answers.ts";
import { writePost } from "../instruments/raw-client.ts";
import type { Script, Step } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import { CHAT, Stage, writeChat } from "./stage.ts";

const PROVIDER = { dialect: "anthropic-messages" };

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ provider: PROVIDER, baseUrl: ({ origin }) => origin });
});
afterAll(() => stage.close());

const MESSAGE = {
  id: "msg_example",
  type: "message",
  role: "assistant",
  model: "claude-there",
  content: [{ type: "text", text: "Hi." }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 2 },
};

const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const EVENTS = [
  event("message_start", {
    message: { ...MESSAGE, content: [], stop_reason: null, usage: { input_tokens: 5, output_tokens: 1 } },
  }),
  event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  event("ping"),
  event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hé" } }),
  event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "llo" } }),
  event("content_block_stop", { index: 0 }),
  event("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 4 } }),
  event("message_stop"),
];
const stream = (events: readonly string[], ending?: readonly Step[]): Script =>
  chunkedAnswer(events, "text/event-stream", ending === undefined ? {} : { ending });

type ChatEvent = {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: object | null;
  readonly error?: object;
};

/** What a chat stream says: its texts, its finish, its usage, its error, and whether it was ended. */
function readStream(text: string) {
  const events = text
    .split("\n\n")
    .filter((block) => block.startsWith("data: ") && !block.endsWith("[DONE]"))
    .map((block) => JSON.parse(block.slice(6)) as ChatEvent);
  return {
    text: events.map(({ choices }) => choices?.[0]?.delta?.content ?? "").join(""),
    finish: events.map(({ choices }) => choices?.[0]?.finish_reason).find((each) => typeof each === "string") ?? null,
    usage: events.map(({ usage }) => usage).find((each) => each !== undefined && each !== null) ?? null,
    error: events.map(({ error }) => error).find((each) => each !== undefined) ?? null,
    isDone: text.includes("data: [DONE]"),
  };
}

describe("a request", () => {
  test("goes out in the provider's dialect, with its model's name and none of the caller's secrets", async () => {
    stage.upstream.respond = () => jsonAnswer(MESSAGE);
    const answer = await stage.answer(
      {
        messages: [
          { role: "system", content: "Be short." },
          { role: "user", content: "Hello." },
        ],
        max_tokens: 9,
      },
      {
        headers: [
          ["authorization", "Bearer sk-caller"],
          ["openai-organization", "org"],
          ["user-agent", "shop/1"],
        ],
      },
    );
    expect(answer.status).toBe(200);
    const { message } = stage.upstream.lastRequest;
    expect(message.target).toBe("/v1/messages");
    expect(JSON.parse(message.text)).toMatchObject({
      model: "m-there",
      max_tokens: 9,
      messages: [{ role: "user" }],
    });
    expect(message.all("authorization")).toEqual(["Bearer sk-provider-example"]);
    expect(message.all("user-agent")).toEqual(["shop/1"]);
    expect(message.all("openai-organization")).toEqual([]);
    expect(message.all("content-type")).toEqual(["application/json"]);
    expect(message.all("accept-encoding")).toEqual(["identity"]);
  });

  test("that the provider cannot express is refused by name, and never sent", async () => {
    const before = stage.upstream.requests.length;
    const answer = await stage.answer({ logit_bias: { "1": 5 } });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { param: "logit_bias", type: "invalid_request_error", code: "unsupported_parameter" },
    });
    expect(stage.upstream.requests.length).toBe(before);
  });

  test("loses that field, and says so, where the config allows it", async () => {
    await Stage.with(
      { provider: PROVIDER, baseUrl: ({ origin }) => origin, config: { defaults: { drop_params: true } } },
      async (dropping) => {
        dropping.upstream.respond = () => jsonAnswer(MESSAGE);
        const answer = await dropping.answer({ logit_bias: { "1": 5 }, seed: 3, prompt_cache_key: "k" });
        expect(answer.status).toBe(200);
        expect(answer.all("x-llmux-dropped").join().split(", ").toSorted()).toEqual([
          "logit_bias",
          "prompt_cache_key",
          "seed",
        ]);
        expect(dropping.upstream.lastRequest.message.text).not.toContain("seed");
      },
    );
  });
});

describe("a whole answer", () => {
  test("comes back in the caller's dialect, with its usage in the record", async () => {
    stage.upstream.respond = () => jsonAnswer(MESSAGE, { headers: [["request-id", "req_there"]] });
    const answer = await stage.answer();
    expect(JSON.parse(answer.text)).toMatchObject({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi." }, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 3 } },
    });
    expect(answer.all("x-upstream-request-id")).toEqual(["req_there"]);
    expect(answer.all("content-type")).toEqual(["application/json"]);
    const exchange = await until("the exchange to be in the log", async () =>
      (await stage.readExchanges(1)).find(({ outcome, tokens_in }) => outcome === "finished" && tokens_in === 8),
    );
    expect(exchange).toMatchObject({ tokens_out: 2, usage_source: "provider" });
  });

  test("that is cut short is an error, and so is one that is no JSON", async () => {
    for (const script of [
      bodyAnswer(JSON.stringify(MESSAGE).slice(0, 40), "application/json"),
      bodyAnswer("<html>", "text/html"),
    ]) {
      stage.upstream.respond = () => script;
      const answer = await stage.answer();
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.text)).toMatchObject({ error: { source: "gateway" } });
    }
  });

  test("is made of a stream where the provider sends one unasked", async () => {
    stage.upstream.respond = () => stream(EVENTS);
    const answer = await stage.answer();
    expect(JSON.parse(answer.text)).toMatchObject({ choices: [{ message: { content: "Héllo" } }] });
  });
});

describe("a stream", () => {
  test("comes event by event, and ends as the caller's dialect ends one", async () => {
    stage.upstream.respond = () => stream(EVENTS);
    const answer = await stage.answer({ stream: true, stream_options: { include_usage: true } });
    expect(answer.all("content-type")[0]).toStartWith("text/event-stream");
    expect(readStream(answer.text)).toMatchObject({
      text: "Héllo",
      finish: "stop",
      usage: { prompt_tokens: 5, completion_tokens: 4 },
      error: null,
      isDone: true,
    });
  });

  test("says nothing of usage to a caller that did not ask", async () => {
    stage.upstream.respond = () => stream(EVENTS);
    const answer = await stage.answer({ stream: true });
    expect(readStream(answer.text)).toMatchObject({ text: "Héllo", usage: null, isDone: true });
  });

  test("cut anywhere between bytes is the same stream", async () => {
    const whole = EVENTS.join("");
    stage.upstream.respond = () => [
      ...(stream([]).slice(0, 1) as Script),
      ...[...Buffer.from(whole)].map((byte): Step => ({ kind: "chunk", data: Buffer.from([byte]) })),
      { kind: "last-chunk" },
    ];
    expect(readStream((await stage.answer({ stream: true })).text)).toMatchObject({ text: "Héllo", isDone: true });
  });

  const breaks: readonly (readonly [string, readonly Step[]])[] = [
    ["ends without its end", [{ kind: "last-chunk" }]],
    ["is reset", [{ kind: "rst" }]],
    ["is closed", [{ kind: "fin" }]],
  ];
  for (const [how, ending] of breaks) {
    test(`that ${how} is told as broken, never ended`, async () => {
      stage.upstream.respond = () => stream(EVENTS.slice(0, 5), ending);
      const client = await stage.ask({ stream: true });
      await client.waitForEnd();
      const text = client.received.toString();
      expect(text).toContain("HTTP/1.1 200");
      expect(text).toContain("Hé");
      expect(text).toContain('"code":"upstream_truncated"');
      expect(text).not.toContain("[DONE]");
      expect(text).not.toEndWith("0\r\n\r\n");
    });
  }

  test("that the provider itself ends with an error tells it, in the caller's dialect", async () => {
    const error = event("error", { error: { type: "overloaded_error", message: "Overloaded" } });
    stage.upstream.respond = () => stream([...EVENTS.slice(0, 4), error]);
    const answer = await stage.answer({ stream: true });
    expect(readStream(answer.text)).toMatchObject({ text: "Hé", error: { message: "Overloaded" }, isDone: false });
  });

  test("whose first event is an error is an error answer", async () => {
    stage.upstream.respond = () =>
      stream([event("error", { error: { type: "overloaded_error", message: "Overloaded" } })]);
    const answer = await stage.answer({ stream: true });
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: "Overloaded" } });
  });

  test("is made of a whole answer where the provider gives no stream", async () => {
    stage.upstream.respond = () => jsonAnswer(MESSAGE);
    const answer = await stage.answer({ stream: true });
    expect(readStream(answer.text)).toMatchObject({ text: "Hi.", finish: "stop", isDone: true });
  });

  test("waits for a caller that does not read, and is whole while other streams go on", async () => {
    const delta = (text: string): string =>
      event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
    const makeStream = (name: string, chunks: number): { readonly script: Script; readonly text: string } => {
      const texts = Array.from({ length: chunks }, (_, number) => `${name}${number} `.repeat(20));
      return { script: stream([...EVENTS.slice(0, 2), ...texts.map(delta), ...EVENTS.slice(5)]), text: texts.join("") };
    };
    const long = makeStream("slow", 40_000);
    const short = makeStream("quick", 50);
    stage.upstream.respond = () => long.script;
    const slow = await stage.connect();
    slow.pauseReading();
    await slow.send(writeChat({ stream: true }));
    const { pending } = stage.gateway.sidecar.gateway;
    await until("the caller's socket to be full", () => pending.totalBytes > 0);
    stage.upstream.respond = () => short.script;
    for (let count = 0; count < 3; count++) {
      expect(readStream((await stage.answer({ stream: true })).text).text).toBe(short.text);
    }
    slow.resumeReading();
    const answer = await slow.readAnswer();
    const { text, isDone } = readStream(answer.body.toString());
    expect(Bun.hash(text)).toBe(Bun.hash(long.text));
    expect(isDone).toBe(true);
    expect(pending.totalBytes).toBe(0);
    slow.abort();
  });

  test("frees the provider when its caller leaves", async () => {
    stage.upstream.respond = () => stream(EVENTS.slice(0, 4), [{ kind: "silence" }]);
    const client = await stage.ask({ stream: true });
    await client.readUntil("Hé");
    client.abort();
    await until("the provider's connection to be closed", () => stage.upstream.busyConnections === 0);
    // What was used until then is counted all the same.
    const exchange = await until("the exchange to be in the log", async () =>
      (await stage.readExchanges(1)).find(({ outcome }) => outcome === "cancelled"),
    );
    expect(exchange).toMatchObject({ tokens_in: 5, usage_source: "provider" });
  });
});

describe("a provider's error", () => {
  test("keeps its status and message, in the caller's words", async () => {
    const body = { type: "error", error: { type: "rate_limit_error", message: "Slow down." }, request_id: "r" };
    stage.upstream.respond = () => jsonAnswer(body, { status: 429, headers: [["retry-after", "7"]] });
    const answer = await stage.answer();
    expect(answer.status).toBe(429);
    expect(answer.all("retry-after")).toEqual(["7"]);
    expect(answer.all("x-llmux-error-source")).toEqual(["provider"]);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: "Slow down.", code: "rate_limit_exceeded" } });
  });

  test("that is no JSON still is one", async () => {
    stage.upstream.respond = () => bodyAnswer("upstream down", "text/plain", { status: 503 });
    const answer = await stage.answer();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toHaveProperty("error.message");
  });
});

describe("the same dialect", () => {
  test("passes: a messages caller's bytes reach a messages provider as they are", async () => {
    const body = '{ "model":"m", "max_tokens": 1e1, "messages":[] , "future":[1.0]}';
    stage.upstream.respond = () => stream(EVENTS);
    const client = await stage.connect();
    await client.send(writePost("/v1/messages", body.replace("}", ', "stream":true}')));
    const answer = await client.readAnswer();
    client.close();
    expect(stage.upstream.lastRequest.message.text).toBe(
      body.replace('"m"', '"m-there"').replace("}", ', "stream":true}'),
    );
    expect(answer.text).toBe(EVENTS.join(""));
    // Input is told at the start, output at the end.
    const exchange = await until("the exchange to be in the log", async () =>
      (await stage.readExchanges(1)).find(({ endpoint }) => endpoint === "messages"),
    );
    expect(exchange).toMatchObject({ tokens_in: 5, tokens_out: 4, usage_source: "provider" });
  });
});

describe("several credentials", () => {
  const options = { provider: { api_key: undefined, api_keys: ["sk-one", "sk-two", "sk-three"] } };
  const keyOf = (index: number, of: Stage): string =>
    of.upstream.requests[index]?.message.all("authorization").join() ?? "";

  test("the next is tried when one is refused, and the refused one rests", async () => {
    await Stage.with(options, async (several) => {
      several.upstream.respond = ({ message }) =>
        message.all("authorization").join() === "Bearer sk-one"
          ? jsonAnswer({ error: { message: "bad key" } }, { status: 401 })
          : jsonAnswer({ choices: [] });
      for (let count = 0; count < 4; count++) expect((await several.answer()).status).toBe(200);
      expect([0, 1, 2, 3, 4].map((index) => keyOf(index, several))).toEqual([
        "Bearer sk-one",
        "Bearer sk-two",
        "Bearer sk-three",
        "Bearer sk-two",
        "Bearer sk-three",
      ]);
    });
  });

  test("when all are refused the last answer is the caller's", async () => {
    await Stage.with(options, async (several) => {
      several.upstream.respond = () => jsonAnswer({ error: { message: "no" } }, { status: 429 });
      const answer = await several.answer();
      expect(answer.status).toBe(429);
      expect(several.upstream.requests.length).toBe(3);
    });
  });

  test("a provider's other errors try none", async () => {
    await Stage.with(options, async (several) => {
      several.upstream.respond = () => jsonAnswer({ error: { message: "no" } }, { status: 500 });
      expect((await several.answer()).status).toBe(500);
      expect(several.upstream.requests.length).toBe(1);
    });
  });
});

test("what no provider counts is estimated, and says so", async () => {
  await Stage.with({ provider: { dialect: "openai-chat" } }, async (chat) => {
    const client = await chat.connect();
    await client.send(
      writePost("/v1/messages/count_tokens", '{"model":"m","messages":[{"role":"user","content":"Hello there."}]}'),
    );
    const answer = await client.readAnswer();
    client.close();
    expect(answer.all("x-llmux-usage-source")).toEqual(["estimated"]);
    expect(JSON.parse(answer.text)).toEqual({ input_tokens: 7 });
    expect(chat.upstream.requests.length).toBe(0);
  });
});

test("an unknown path is an error in the words of the API it looks like", async () => {
  const client = await stage.connect();
  await client.send(writePost("/v1/messages/nothing", "{}", { headers: [["anthropic-version", "2023-06-01"]] }));
  const answer = await client.readAnswer();
  client.close();
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.text)).toMatchObject({ type: "error", error: { type: "not_found_error" } });
  expect(writeChat().toString()).toContain(CHAT);
});
