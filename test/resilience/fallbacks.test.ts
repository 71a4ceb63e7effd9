/** Other models for what this one cannot: after failures, for long prompts, for filtered ones; in any dialect, unless the caller forbids it. */
import { describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { chatCompletion, chatStream, errorAnswer, eventStream, jsonAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, SILENT } from "../instruments/fleet.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script } from "../instruments/script.ts";
import {
  attemptsOf,
  codeOf,
  type Entry,
  IN_ORDER,
  isWell,
  NO_BREAKER,
  QUICK_BACKOFF,
  RouteStage,
  type StageOptions,
} from "./stage.ts";

const NO_FALLBACKS = [["x-llmux-fallbacks", "off"]] as const;
const BROKEN = answers(faults.serverError);

/** The model `m` is served by `a`; `spare` by `b`, `last` by `c`. */
function withSpares(model: Entry, more: StageOptions = {}): StageOptions {
  const at = (provider: string): Entry => ({ deployments: [{ provider, model: `${provider}-there` }], retries: 0 });
  return {
    ...more,
    model: {
      ...IN_ORDER,
      deployments: [{ provider: "a", model: "a-there", ...more.deployments?.["a"] }],
      breaker: NO_BREAKER,
      retries: 0,
      retry: { backoff: QUICK_BACKOFF },
      ...model,
    },
    models: { spare: at("b"), last: at("c"), ...more.models },
  };
}

const modelAsked = (request: UpstreamRequest | undefined): unknown =>
  (request?.message.json() as { readonly model?: unknown } | undefined)?.model;

describe("fallbacks", () => {
  test("answer for a model that cannot, by their own name at their provider", async () => {
    await RouteStage.with(withSpares({ fallbacks: ["spare"] }), async (stage) => {
      stage.member("a").behave(BROKEN);
      for (const stream of [false, true]) {
        const answer = await stage.answer({ stream });
        expect(isWell(answer)).toBe(true);
        expect(attemptsOf(answer)).toBe(2);
        expect(modelAsked(stage.member("b").upstream.lastRequest)).toBe("b-there");
      }
      expect(stage.asked).toEqual([2, 2, 0]);
    });
  });

  test("are asked only after the model's own deployments and retries", async () => {
    const model = {
      fallbacks: ["spare"],
      retries: 1,
      deployments: [
        { provider: "a", model: "one", priority: 0 },
        { provider: "c", model: "two", priority: 1 },
      ],
    };
    await RouteStage.with(withSpares(model), async (stage) => {
      stage.member("a").behave(BROKEN);
      stage.member("c").behave(BROKEN);
      expect(attemptsOf(await stage.answer())).toBe(3);
      expect(stage.asked).toEqual([1, 1, 1]);
    });
  });

  test("are asked in their order, and the last one's failure is the answer", async () => {
    await RouteStage.with(withSpares({ fallbacks: ["spare", "last"] }), async (stage) => {
      stage.member("a").behave(BROKEN);
      stage.member("b").behave(BROKEN);
      expect(attemptsOf(await stage.answer())).toBe(3);
      expect(stage.asked).toEqual([1, 1, 1]);
      stage.member("c").behave(answers(faults.unavailable));
      const answer = await stage.answer();
      expect(answer.status).toBe(503);
      expect(attemptsOf(answer)).toBe(3);
    });
  });

  test("come after a time-out, too", async () => {
    const model = { fallbacks: ["spare"], timeouts: { first_byte: "250ms" } };
    await RouteStage.with(withSpares(model), async (stage) => {
      stage.member("a").behave(SILENT);
      expect(attemptsOf(await stage.answer({ stream: true }))).toBe(2);
      await stage.member("a").waitUntilLetGo();
    });
  });

  test("of the defaults hold for models that name none", async () => {
    const config = { defaults: { fallbacks: ["last"] } };
    await RouteStage.with(withSpares({}, { config }), async (stage) => {
      stage.member("a").behave(BROKEN);
      expect(attemptsOf(await stage.answer())).toBe(2);
      expect(stage.asked).toEqual([1, 0, 1]);
    });
  });

  test("are not for the caller's own mistakes", async () => {
    await RouteStage.with(withSpares({ fallbacks: ["spare"] }), async (stage) => {
      const refuse = () => errorAnswer(400, { message: "Not so.", type: "invalid_request_error", code: "own" });
      stage.member("a").behave(answers(refuse));
      const answer = await stage.answer();
      expect([answer.status, codeOf(answer), attemptsOf(answer)]).toEqual([400, "own", 1]);
      expect(stage.asked).toEqual([1, 0, 0]);
    });
  });

  test("can be forbidden by the caller", async () => {
    await RouteStage.with(withSpares({ fallbacks: ["spare"] }), async (stage) => {
      stage.member("a").behave(BROKEN);
      const answer = await stage.answer({}, NO_FALLBACKS);
      expect([answer.status, attemptsOf(answer)]).toEqual([500, 1]);
      expect(stage.asked).toEqual([1, 0, 0]);
      // The header is ours alone.
      expect(stage.member("a").upstream.lastRequest.message.header("x-llmux-fallbacks")).toBeNull();
    });
  });

  test("answer where every deployment of the model is out", async () => {
    const model = { fallbacks: ["spare"], breaker: { consecutive: 2, open: "30s" } };
    await RouteStage.with(withSpares(model), async (stage) => {
      stage.member("a").behave(BROKEN);
      await stage.answerInTurn(2);
      const answer = await stage.answer();
      expect([answer.status, attemptsOf(answer)]).toEqual([200, 1]);
      expect(stage.asked).toEqual([2, 3, 0]);
    });
  });
});

describe("a prompt too long for the model", () => {
  const refuse = (): Script =>
    errorAnswer(400, {
      message: "This model's maximum context length is 8192 tokens.",
      type: "invalid_request_error",
      code: "context_length_exceeded",
    });

  test("that the provider refuses goes to context_window_fallbacks, not to fallbacks", async () => {
    const model = { context_window_fallbacks: ["last"], fallbacks: ["spare"] };
    await RouteStage.with(withSpares(model), async (stage) => {
      stage.member("a").behave(answers(refuse));
      for (const stream of [false, true]) expect(attemptsOf(await stage.answer({ stream }))).toBe(2);
      expect(stage.asked).toEqual([2, 0, 2]);
      const forbidden = await stage.answer({}, NO_FALLBACKS);
      expect([forbidden.status, codeOf(forbidden)]).toEqual([400, "context_length_exceeded"]);
    });
  });

  test("passes as the provider's refusal where there is no such chain", async () => {
    await RouteStage.with(withSpares({ fallbacks: ["spare"] }), async (stage) => {
      stage.member("a").behave(answers(refuse));
      const answer = await stage.answer();
      expect([answer.status, codeOf(answer), attemptsOf(answer)]).toEqual([400, "context_length_exceeded", 1]);
    });
  });

  test("that is certain not to fit is not even sent", async () => {
    const options = withSpares(
      { context_window_fallbacks: ["last"] },
      { deployments: { a: { context_window: 1_000 } } },
    );
    await RouteStage.with(options, async (stage) => {
      const messages = [{ role: "user", content: "many words ".repeat(20_000) }];
      const answer = await stage.answer({ messages });
      expect([answer.status, attemptsOf(answer)]).toEqual([200, 1]);
      expect(stage.asked).toEqual([0, 0, 1]);
      expect((await stage.answer()).status).toBe(200);
      expect(stage.asked).toEqual([1, 0, 1]);
    });
  });
});

describe("a prompt the provider's filter refuses", () => {
  test("goes to content_policy_fallbacks, not to fallbacks", async () => {
    const refuse = (): Script =>
      errorAnswer(400, { message: "Filtered.", type: "invalid_request_error", code: "content_policy_violation" });
    const model = { content_policy_fallbacks: ["last"], fallbacks: ["spare"] };
    await RouteStage.with(withSpares(model), async (stage) => {
      stage.member("a").behave(answers(refuse));
      for (const stream of [false, true]) expect(attemptsOf(await stage.answer({ stream }))).toBe(2);
      expect(stage.asked).toEqual([2, 0, 2]);
    });
    await RouteStage.with(withSpares({ fallbacks: ["spare"] }), async (stage) => {
      stage.member("a").behave(answers(refuse));
      expect((await stage.answer()).status).toBe(400);
      expect(stage.asked).toEqual([1, 0, 0]);
    });
  });
});

describe("a fallback of another dialect", () => {
  const messagesEvents = (): string[] =>
    (
      [
        {
          type: "message_start",
          message: {
            id: "msg_1",
            type: "message",
            role: "assistant",
            model: "b-there",
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { input_tokens: 11, output_tokens: 1 },
          },
        },
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "From the " } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "spare." } },
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } },
        { type: "message_stop" },
      ] as const
    ).map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  const message = {
    ...{
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "b-there",
      stop_reason: "end_turn",
      stop_sequence: null,
    },
    content: [{ type: "text", text: "From the spare." }],
    usage: { input_tokens: 11, output_tokens: 5 },
  };
  const anthropicError = { type: "error", error: { type: "overloaded_error", message: "Overloaded." } };
  const asks = ({ message: { text } }: UpstreamRequest): boolean => text.includes('"stream":true');

  test("a caller of OpenAI's API gets the answer of one who speaks Anthropic's", async () => {
    const options = withSpares(
      { fallbacks: ["spare"] },
      { prepare: (fleet) => fleet.of("a").behave(BROKEN), providers: { b: { dialect: "anthropic-messages" } } },
    );
    await RouteStage.with(options, async (stage) => {
      stage
        .member("b")
        .behave(answers((request) => (asks(request) ? eventStream(messagesEvents()) : jsonAnswer(message))));
      const client = new OpenAI({
        apiKey: "x",
        baseURL: `http://127.0.0.1:${stage.gateway.httpPort}/v1`,
        maxRetries: 0,
      });
      const request = { model: "m", messages: [{ role: "user" as const, content: "Hello." }] };
      const whole = await client.chat.completions.create(request);
      expect(whole.choices[0]?.message.content).toBe("From the spare.");
      let text = "";
      for await (const event of await client.chat.completions.create({ ...request, stream: true })) {
        text += event.choices[0]?.delta.content ?? "";
      }
      expect(text).toBe("From the spare.");
      expect(stage.asked).toEqual([2, 2, 0]);
    });
  });

  test("a caller of Anthropic's API gets the answer of one who speaks OpenAI's", async () => {
    const options = withSpares({ fallbacks: ["spare"] }, { providers: { a: { dialect: "anthropic-messages" } } });
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(answers(() => jsonAnswer(anthropicError, { status: 529 })));
      stage
        .member("b")
        .behave(
          answers((request) =>
            asks(request) ? chatStream({ chunks: ["Spare."] }) : chatCompletion({ content: "Spare." }),
          ),
        );
      const client = new Anthropic({
        apiKey: "x",
        baseURL: `http://127.0.0.1:${stage.gateway.httpPort}`,
        maxRetries: 0,
      });
      const request = { model: "m", max_tokens: 99, messages: [{ role: "user" as const, content: "Hello." }] };
      const textOf = ({ content }: Anthropic.Message): string =>
        content.map((block) => (block.type === "text" ? block.text : "")).join("");
      expect(textOf(await client.messages.create(request))).toBe("Spare.");
      expect(textOf(await client.messages.stream(request).finalMessage())).toBe("Spare.");
      expect(stage.asked).toEqual([2, 2, 0]);
    });
  });

  test("where nobody is left, the error is in the caller's dialect", async () => {
    const options = withSpares({ fallbacks: ["spare"] }, { providers: { b: { dialect: "anthropic-messages" } } });
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(BROKEN);
      stage.member("b").behave(answers(() => jsonAnswer(anthropicError, { status: 529 })));
      const baseURL = `http://127.0.0.1:${stage.gateway.httpPort}`;
      const chat = new OpenAI({ apiKey: "x", baseURL: `${baseURL}/v1`, maxRetries: 0 });
      const messages = [{ role: "user" as const, content: "Hello." }];
      for (const stream of [false, true]) {
        const failed = chat.chat.completions.create({ model: "m", messages, stream });
        expect(await failed.catch((error: unknown) => error)).toBeInstanceOf(OpenAI.InternalServerError);
      }
      const anthropic = new Anthropic({ apiKey: "x", baseURL, maxRetries: 0 });
      for (const stream of [false, true]) {
        const failed = anthropic.messages.create({ model: "m", max_tokens: 9, messages, stream });
        expect(await failed.catch((error: unknown) => error)).toBeInstanceOf(Anthropic.InternalServerError);
      }
    });
  });
});
