/** Every endpoint that carries a model's name: the name is rewritten, every other byte passes, both ways. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  bodyAnswer,
  chunkedAnswer,
  embeddings,
  eventStream,
  jsonAnswer,
  responsesStreamEvents,
} from "../instruments/answers.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { Random } from "../instruments/random.ts";
import { writePost, type SendOptions } from "../instruments/raw-client.ts";
import { encodeStep, type Script } from "../instruments/script.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    models: {
      "dall-e-2": { deployments: [{ provider: "fake", model: "images-there" }] },
      "omni-moderation-latest": { deployments: [{ provider: "fake", model: "moderation-there" }] },
      "local/*": { deployments: [{ provider: "fake", model: "there/*" }] },
    },
  });
});
afterAll(() => stage.close());

/** Sends one request and gives what the provider saw and what the caller got. */
async function exchange(
  request: Buffer | string,
  script: Script,
  options: SendOptions = {},
): Promise<{ seen: HttpMessage; answer: HttpMessage }> {
  stage.upstream.respond = () => script;
  const caller = await stage.connect();
  await caller.send(request, options);
  const answer = await caller.readAnswer();
  caller.close();
  return { seen: stage.upstream.lastRequest.message, answer };
}

const bytesOf = (script: Script): Buffer => encodeStep(script[1] as Script[number]) as Buffer;

describe("a JSON endpoint", () => {
  const usage = { input_tokens: 1, output_tokens: 2 };
  const cases: readonly (readonly [path: string, body: string, script: Script])[] = [
    ["/v1/chat/completions", '{"model":"m","messages":[]}', jsonAnswer({ choices: [] })],
    ["/v1/completions", '{"prompt":"x","model":"m"}', jsonAnswer({ choices: [], usage: null })],
    ["/v1/embeddings", '{ "input" : ["a","b"],\n "model" : "m" }', embeddings({ count: 2 })],
    ["/v1/responses", '{"model":"m","input":"x","background":false}', jsonAnswer({ object: "response", usage })],
    ["/v1/moderations", '{"model":"m","input":"x"}', jsonAnswer({ results: [] })],
    [
      "/v1/images/generations",
      '{"model":"m","prompt":"x"}',
      jsonAnswer({ data: [{ b64_json: "AAAA".repeat(30_000) }] }),
    ],
  ];
  for (const [path, body, script] of cases) {
    test(`${path}: the model is rewritten in place, the rest passes as it is, and so does the answer`, async () => {
      const { seen, answer } = await exchange(writePost(path, body), script);
      expect(seen.target).toBe(path);
      expect(seen.text).toBe(body.replace('"m"', '"m-there"'));
      expect(seen.header("content-length")).toBe(String(seen.body.length));
      expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
      expect(answer.body.equals(bytesOf(script))).toBe(true);
    });
  }

  test("keeps what another JSON writer would change: numbers, key order, doubled keys, escapes, spaces", async () => {
    const body =
      '\n{ "z":1e400, "a":12345678901234567890.1234567890 ,"model" : "m" ,"a":-0.0,"\\u0061":"\\ud83d\\ude00 \\/ é",' +
      '"nested":{"model":"m"},"list":[ { "model":"m" } ] ,"e":1E+2}\t\n';
    const { seen } = await exchange(writePost("/v1/chat/completions", body), jsonAnswer({ choices: [] }));
    expect(seen.text).toBe(body.replace('"model" : "m"', '"model" : "m-there"'));
  });

  test("rewrites every place where the model is doubled, so that no two readers see two models", async () => {
    const body = '{"model":"unknown","x":1,"model":"m"}';
    const { seen } = await exchange(writePost("/v1/chat/completions", body), jsonAnswer({ choices: [] }));
    expect(seen.text).toBe('{"model":"m-there","x":1,"model":"m-there"}');
  });

  test("fills in the wildcard, and reads an escaped name", async () => {
    const body = '{"model":"local\\/llama-\\u0033"}';
    const { seen } = await exchange(writePost("/v1/embeddings", body), jsonAnswer({ data: [] }));
    expect(seen.json()).toEqual({ model: "there/llama-3" });
  });

  test("names the model that the API assumes where the request names none", async () => {
    for (const [path, name] of [
      ["/v1/moderations", "moderation-there"],
      ["/v1/images/generations", "images-there"],
    ] as const) {
      const { seen } = await exchange(writePost(path, '{"input":"x"}'), jsonAnswer({}));
      expect(seen.json()).toEqual({ model: name, input: "x" });
      expect((await exchange(writePost(path, "{ }"), jsonAnswer({}))).seen.json()).toEqual({ model: name });
    }
  });

  test("takes a body in chunks and sends it with its length", async () => {
    const head = "POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    const request = `${head}5;ext=1\r\n{"mod\r\n8\r\nel":"m"}\r\n0\r\nx-trailer: 1\r\n\r\n`
      .replace("8\r\n", "7\r\n")
      .replace('el":"m"}', 'el":"m"');
    // 5 + 7 bytes hold `{"model":"m"`; the brace comes in a chunk of its own.
    const whole = request.replace("0\r\nx-trailer", "1\r\n}\r\n0\r\nx-trailer");
    for (const pieceBytes of [1, 7, 1000]) {
      const { seen } = await exchange(whole, jsonAnswer({ data: [] }), { pieceBytes });
      expect([seen.text, seen.framing]).toEqual(['{"model":"m-there"}', "length"]);
      expect(seen.header("x-trailer")).toBeNull();
    }
  });

  test("passes an answer in chunks on with its pieces, and one of unknown length to its end", async () => {
    const pieces = ['{"data":', "[1,2,", "3]}"];
    const { answer } = await exchange(
      writePost("/v1/embeddings", '{"model":"m"}'),
      chunkedAnswer(pieces, "application/json"),
    );
    expect(answer.text).toBe(pieces.join(""));
    const open: Script = [
      { kind: "bytes", data: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" },
      ...pieces.map((data) => ({ kind: "bytes", data }) as const),
      { kind: "fin" },
    ];
    expect((await exchange(writePost("/v1/embeddings", '{"model":"m"}'), open)).answer.text).toBe(pieces.join(""));
  });
});

describe("speech", () => {
  const request = writePost("/v1/audio/speech", '{"model":"m","input":"x","voice":"alloy"}');
  const sound = new Random(7).bytes(700_000);

  test("comes as the bytes it is, with its type and length", async () => {
    const { seen, answer } = await exchange(request, bodyAnswer(sound, "audio/mpeg"));
    expect(seen.json()).toMatchObject({ model: "m-there" });
    expect([answer.header("content-type"), answer.header("content-length")]).toEqual([
      "audio/mpeg",
      String(sound.length),
    ]);
    expect(answer.body.equals(sound)).toBe(true);
  });

  test("comes in chunks as it is made", async () => {
    const chunks = [
      sound.subarray(0, 1),
      sound.subarray(1, 3000),
      sound.subarray(3000, 300_000),
      sound.subarray(300_000),
    ];
    const { answer } = await exchange(request, chunkedAnswer(chunks, "audio/opus"));
    expect([answer.framing, answer.body.equals(sound)]).toEqual(["chunked", true]);
  });

  test("comes as a stream of events where that was asked for", async () => {
    const events = ['data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n', 'data: {"type":"speech.audio.done"}\n\n'];
    const { answer } = await exchange(request, eventStream(events));
    expect(answer.text).toBe(events.join(""));
  });
});

describe("a stream of the Responses API", () => {
  test("passes chunk by chunk, and its own last event ends it", async () => {
    const events = responsesStreamEvents();
    const request = writePost("/v1/responses", '{"model":"m","input":"x","stream":true}');
    const { answer } = await exchange(request, eventStream(events));
    expect(answer.chunks.map(String)).toEqual(events);
  });

  test("that ends without its last event is told so in its own dialect", async () => {
    stage.upstream.respond = () => eventStream(responsesStreamEvents({ complete: false }));
    const caller = await stage.connect();
    await caller.send(writePost("/v1/responses", '{"model":"m","input":"x","stream":true}'));
    await caller.waitForEnd();
    const text = caller.received.toString();
    expect(text).toMatch(/event: error\ndata: {"type":"error",[^\n]*"code":"upstream_truncated"/);
    expect(caller.messages[0]?.isComplete).toBe(false);
  });
});

describe("the list of models", () => {
  test("names what the config names, in OpenAI's shape", async () => {
    const caller = await stage.connect();
    await caller.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n");
    const answer = await caller.readAnswer();
    const { object, data } = answer.json() as { object: string; data: Record<string, unknown>[] };
    expect([answer.status, object]).toEqual([200, "list"]);
    expect(data.map((model) => model["id"])).toEqual(["m", "dall-e-2", "omni-moderation-latest", "local/*"]);
    for (const model of data) {
      expect(model).toEqual({
        id: expect.any(String),
        object: "model",
        created: expect.any(Number),
        owned_by: "llmux",
      });
    }
    expect(answer.all("x-request-id").length).toBe(1);
  });

  test("answers for one of them, a wildcard's and a provider's own included; HEAD gives the head alone", async () => {
    const caller = await stage.connect();
    for (const [index, name] of ["m", "local/anything", "fake/anything", "dall-e-2", "local%2Fencoded"].entries()) {
      await caller.send(`GET /v1/models/${name} HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect((await caller.readAnswer(index)).json()).toMatchObject({ id: decodeURIComponent(name), object: "model" });
    }
    caller.expectAnswerTo("HEAD");
    await caller.send("HEAD /v1/models/m HTTP/1.1\r\nhost: x\r\n\r\n");
    const head = await caller.readAnswer(5);
    expect([head.status, head.body.length, Number(head.header("content-length")) > 0]).toEqual([200, 0, true]);
  });
});
