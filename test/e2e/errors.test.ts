import { expect, test } from "bun:test";
import OpenAI from "openai";
import { chatStreamEvents, errorAnswer, eventStream } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import type { Script } from "../instruments/script.ts";
import { until } from "../instruments/until.ts";
import { describeWithExecutable, failureOf, openClient, TRANSPORTS, UPSTREAM_KEY } from "./fixture.ts";

const request = { model: "example", messages: [{ role: "user" as const, content: "x" }] };

const BROKEN_STREAMS = [faults.finMidStream, faults.missingFinish, faults.errorEventMidStream];

for (const transport of TRANSPORTS) {
  describeWithExecutable(`the SDK's error classes over ${transport}`, (stage) => {
    test("a provider's errors keep their status, message, code and Retry-After, and raise the class users catch", async () => {
      const { gateway, upstream } = stage();
      const client = openClient(gateway, transport);
      const bad = { message: "Bad thing.", type: "invalid_request_error", code: "bad_thing", param: "messages" };
      const cases: [Script, new (...args: never[]) => Error, number][] = [
        [errorAnswer(400, bad), OpenAI.BadRequestError, 400],
        [errorAnswer(401, bad), OpenAI.AuthenticationError, 401],
        [errorAnswer(403, bad), OpenAI.PermissionDeniedError, 403],
        [errorAnswer(404, bad), OpenAI.NotFoundError, 404],
        [errorAnswer(422, bad), OpenAI.UnprocessableEntityError, 422],
        [faults.rateLimitedSeconds(7), OpenAI.RateLimitError, 429],
        [faults.serverError(), OpenAI.InternalServerError, 500],
        [faults.unavailable(), OpenAI.InternalServerError, 503],
      ];
      for (const [script, errorClass, status] of cases) {
        upstream.respond = () => script;
        const error = await failureOf(client.chat.completions.create(request));
        expect(error).toBeInstanceOf(errorClass);
        if (!(error instanceof OpenAI.APIError)) throw error;
        expect(error.status).toBe(status);
        if (script === cases[0]?.[0]) expect(error).toMatchObject({ code: "bad_thing", param: "messages" });
        if (status === 429) expect(error.headers?.get("retry-after")).toBe("7");
      }
    });

    test("a model nobody knows is NotFoundError with code model_not_found, and names the known ones", async () => {
      const { gateway, upstream } = stage();
      const error = await failureOf(
        openClient(gateway, transport).chat.completions.create({ ...request, model: "nobody-knows" }),
      );
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect(error).toMatchObject({ status: 404, code: "model_not_found" });
      expect(String(error)).toContain("example");
      expect(upstream.requests).toEqual([]);
    });

    test("a provider that cannot be understood or does not answer is an InternalServerError of the gateway's", async () => {
      const { gateway, upstream } = stage();
      const client = openClient(gateway, transport);
      for (const script of [
        faults.garbage(),
        faults.finBeforeHeaders(),
        faults.resetInsideHeaders(),
        faults.conflictingLengths(),
      ]) {
        upstream.respond = () => script;
        const error = await failureOf(client.chat.completions.create(request));
        expect(error).toBeInstanceOf(OpenAI.InternalServerError);
        expect(String(error)).not.toContain(UPSTREAM_KEY);
      }
    });

    test("a stream that breaks raises APIError with the gateway's code, after everything that came before it", async () => {
      const { gateway, upstream } = stage();
      const client = openClient(gateway, transport);
      for (const script of BROKEN_STREAMS) {
        upstream.respond = script;
        let text = "";
        const read = async (): Promise<void> => {
          for await (const event of await client.chat.completions.create({ ...request, stream: true })) {
            text += event.choices[0]?.delta.content ?? "";
          }
        };
        const error = await failureOf(read());
        expect(error).toBeInstanceOf(OpenAI.APIError);
        if (script !== faults.errorEventMidStream) expect(error).toMatchObject({ code: "upstream_truncated" });
        expect(text).toBe("Hello");
      }
    });

    test("a stream that breaks inside an event raises too: the half of it that went through is no JSON", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = faults.finInsideChunk;
      const client = openClient(gateway, transport);
      const read = async () => Array.fromAsync(await client.chat.completions.create({ ...request, stream: true }));
      expect(await failureOf(read())).toBeInstanceOf(Error);
    });

    test("a caller that leaves a stream frees the provider at once", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () =>
        eventStream(chatStreamEvents({ chunks: ["x"], finish: false, done: false }), { ending: [{ kind: "silence" }] });
      const stream = await openClient(gateway, transport).chat.completions.create({ ...request, stream: true });
      for await (const event of stream) {
        if (event.choices[0]?.delta.content === "x") break;
      }
      await until("the provider to be let go", () => upstream.lastRequest.connection.peerLeft !== null);
    });

    test("a caller that leaves before the answer frees the provider at once", async () => {
      const { gateway, upstream } = stage();
      upstream.respond = () => faults.blackhole();
      const leaving = new AbortController();
      const asked = openClient(gateway, transport).chat.completions.create(request, { signal: leaving.signal });
      const failure = failureOf(asked);
      await upstream.waitForRequests(1);
      leaving.abort();
      expect(await failure).toBeInstanceOf(OpenAI.APIUserAbortError);
      await until("the provider to be let go", () => upstream.lastRequest.connection.peerLeft !== null);
    });
  });
}

describeWithExecutable("the SDK under Node.js", (stage) => {
  test.skipIf(Bun.which("node") === null)(
    "a stream that breaks raises APIError with the gateway's code, after everything that came before it",
    async () => {
      const { gateway, upstream } = stage();
      for (const script of BROKEN_STREAMS) {
        upstream.respond = script;
        const command = ["node", `${import.meta.dir}/stream-with-node.mjs`, `http://127.0.0.1:${gateway.httpPort}/v1`];
        const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit", timeout: 30_000 });
        const said: unknown = JSON.parse(await child.stdout.text());
        const code = script === faults.errorEventMidStream ? null : "upstream_truncated";
        expect(said).toEqual({ text: "Hello", error: { isApiError: true, code } });
      }
    },
  );
});

describeWithExecutable("where no gateway is", (stage) => {
  test("the SDK raises APIConnectionError", async () => {
    const { gateway } = stage();
    for (const transport of TRANSPORTS) {
      const elsewhere = { ...gateway, socketPath: `${gateway.socketPath}-none`, httpPort: 1 };
      const error = await failureOf(openClient(elsewhere, transport).chat.completions.create(request));
      expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
    }
  });
});
