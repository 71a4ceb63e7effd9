/** Token counts of streams: asked for where the caller did not, withheld from who did not ask, counted in every case. */
import { describe, expect, test } from "bun:test";
import {
  chatCompletion,
  chatStreamEvents,
  embeddings,
  EXAMPLE_USAGE,
  eventStream,
  responsesStream,
} from "../instruments/answers.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { inPieces, type Script } from "../instruments/script.ts";
import { Stage, type StageOptions } from "./stage.ts";

const WITH_USAGE = chatStreamEvents({ usage: EXAMPLE_USAGE });
const WITHOUT_USAGE = chatStreamEvents();

/** What a provider does: the extra event where it was asked for. */
function answerAsAsked(text: string): Script {
  return eventStream(text.includes('"include_usage":true') ? WITH_USAGE : WITHOUT_USAGE);
}

async function withStream(options: StageOptions, run: (stage: Stage) => Promise<void>): Promise<void> {
  await Stage.with({ ...options, upstream: { respond: ({ message }) => answerAsAsked(message.text) } }, run);
}

/** The one exchange so far has these tokens, in the log and in the metrics. */
async function expectTokens(stage: Stage, input: number | null, output: number | null): Promise<void> {
  const [line] = await stage.readExchanges(1);
  expect(line).toMatchObject({
    tokens_in: input,
    tokens_out: output,
    usage_source: input === null ? "none" : "provider",
  });
  const count = (type: string): Promise<number> =>
    sumMetric(stage.gateway, "llm_token_usage_total", { provider: "fake", model: "m", type });
  expect([await count("input"), await count("output")]).toEqual([input ?? 0, output ?? 0]);
  const isCounted = input !== null;
  expect([await count("cached"), await count("reasoning")]).toEqual(isCounted ? [3, 2] : [0, 0]);
  expect(await sumMetric(stage.gateway, "llm_usage_records_total")).toBe(1);
}

describe("a stream whose caller said nothing of usage", () => {
  test("is asked for usage, which is counted and withheld; every other byte passes", async () => {
    await withStream({}, async (stage) => {
      const caller = await stage.ask({ stream: true });
      expect((await caller.readAnswer()).text).toBe(WITHOUT_USAGE.join(""));
      expect(stage.upstream.lastRequest.message.json()).toMatchObject({
        model: "m-there",
        stream: true,
        stream_options: { include_usage: true },
      });
      await expectTokens(stage, 11, 5);
    });
  });

  for (const size of [1, 7, 100, 10_000]) {
    test(`is so in pieces of ${size} bytes, too`, async () => {
      await Stage.with({}, async (stage) => {
        stage.upstream.respond = () => inPieces(eventStream(WITH_USAGE), size);
        const answer = await (await stage.ask({ stream: true })).readAnswer();
        expect(answer.text).toBe(WITHOUT_USAGE.join(""));
        await expectTokens(stage, 11, 5);
      });
    });
  }

  test("is so when all of it comes in one chunk", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => eventStream([WITH_USAGE.join("")]);
      expect((await (await stage.ask({ stream: true })).readAnswer()).text).toBe(WITHOUT_USAGE.join(""));
    });
  });

  test("keeps usage that stands in an event with choices: that is no extra event", async () => {
    await Stage.with({}, async (stage) => {
      const last =
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5}}\n\n';
      const events = [...WITHOUT_USAGE.slice(0, -2), last, "data: [DONE]\n\n"];
      stage.upstream.respond = () => eventStream(events);
      expect((await (await stage.ask({ stream: true })).readAnswer()).text).toBe(events.join(""));
      const [line] = await stage.readExchanges(1);
      expect(line).toMatchObject({ tokens_in: 11, tokens_out: 5 });
    });
  });

  test("is not broken by a provider that ignores the wish", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => eventStream(WITHOUT_USAGE);
      expect((await (await stage.ask({ stream: true })).readAnswer()).text).toBe(WITHOUT_USAGE.join(""));
      await expectTokens(stage, null, null);
    });
  });

  test("is treated alike at the legacy endpoint", async () => {
    await withStream({}, async (stage) => {
      const caller = await stage.connect();
      const body = '{"model":"m","prompt":"x","stream":true}';
      await caller.send(`POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      expect((await caller.readAnswer()).text).toBe(WITHOUT_USAGE.join(""));
      await expectTokens(stage, 11, 5);
    });
  });
});

describe("a stream that is not touched", () => {
  for (const [what, fields, hasUsage] of [
    ["whose caller asked for usage", { stream_options: { include_usage: true } }, true],
    ["whose caller declined usage", { stream_options: { include_usage: false } }, false],
    ["whose caller has other stream options", { stream_options: { include_obfuscation: false } }, false],
    ["whose stream options are empty", { stream_options: {} }, false],
    ["whose stream options are null", { stream_options: null }, false],
  ] as const) {
    test(`is one ${what}`, async () => {
      await withStream({}, async (stage) => {
        const answer = await (await stage.ask({ stream: true, ...fields })).readAnswer();
        const expected = hasUsage ? WITH_USAGE : WITHOUT_USAGE;
        expect(answer.text).toBe(expected.join(""));
        // Chunk by chunk, as it came.
        expect(answer.chunks.map(String)).toEqual(expected);
        const sent = stage.upstream.lastRequest.message.json() as Record<string, unknown>;
        expect(sent["stream_options"]).toEqual(fields.stream_options);
        await (hasUsage ? expectTokens(stage, 11, 5) : expectTokens(stage, null, null));
      });
    });
  }

  test("is every one where stream_usage is false", async () => {
    await withStream({ config: { stream_usage: false } }, async (stage) => {
      const answer = await (await stage.ask({ stream: true })).readAnswer();
      expect(answer.chunks.map(String)).toEqual(WITHOUT_USAGE);
      expect(stage.upstream.lastRequest.message.text).not.toContain("stream_options");
      await expectTokens(stage, null, null);
    });
  });

  test("is one of the Responses API, which says its usage by itself", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => responsesStream();
      const caller = await stage.connect();
      const body = '{"model":"m","input":"x","stream":true}';
      await caller.send(`POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      expect((await caller.readAnswer()).text).toContain('"response.completed"');
      expect(stage.upstream.lastRequest.message.text).toBe(body.replace('"m"', '"m-there"'));
      await expectTokens(stage, 11, 5);
    });
  });
});

describe("an answer that is no stream", () => {
  test("has its usage counted, and its request is not touched but for the model", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => chatCompletion();
      await stage.answer({ temperature: 1 });
      expect(stage.upstream.lastRequest.message.text).not.toContain("stream_options");
      await expectTokens(stage, 11, 5);
    });
  });

  test("that says nothing of usage leaves a record that says none", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => chatCompletion({ usage: null });
      await stage.answer();
      await expectTokens(stage, null, null);
    });
  });

  test("of embeddings counts its input", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => embeddings();
      const caller = await stage.connect();
      await caller.send(
        'POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 25\r\n\r\n{"model":"m","input":"x"}',
      );
      await caller.readAnswer();
      const [line] = await stage.readExchanges(1);
      expect(line).toMatchObject({ endpoint: "embeddings", tokens_in: 7, tokens_out: null, usage_source: "provider" });
    });
  });
});

describe("a stream that broke or was left", () => {
  test("still leaves exactly one record, with what was known", async () => {
    await Stage.with({}, async (stage) => {
      stage.upstream.respond = () => eventStream(WITHOUT_USAGE.slice(0, 2), { ending: [{ kind: "fin" }] });
      const caller = await stage.ask({ stream: true });
      await caller.waitForEnd();
      await expectTokens(stage, null, null);
      const [line] = await stage.readExchanges(1);
      expect(line).toMatchObject({ outcome: "truncated" });
    });
  });
});
