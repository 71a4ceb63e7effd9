import { afterEach, describe, expect, test } from "bun:test";
import { type BrokenAnswer, type FakeGateway, rawAnswer, rawStream, startFakeGateway } from "./fake-gateway.ts";
import { runCli } from "./run-cli.ts";

let gateway: FakeGateway | null = null;
let lastBody: unknown = null;
afterEach(() => {
  gateway?.stop();
  gateway = null;
});

const MODELS = JSON.stringify({ object: "list", data: [{ id: "local/*" }, { id: "first" }, { id: "second" }] });

function delta(content: string): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
}

/** Starts a gateway with this answer to the chat request and chats with it. */
async function chat(
  answer: string | Uint8Array | BrokenAnswer,
  flags: readonly string[] = [],
  models = rawAnswer(200, MODELS),
  onOut: () => void = () => undefined,
) {
  gateway = startFakeGateway((path, body) => {
    if (path === "/v1/models") return models;
    lastBody = JSON.parse(body);
    return answer;
  });
  return runCli(["chat", "Hello", "--socket", gateway.socketPath, ...flags], { onOut });
}

describe("chat", () => {
  test("prints the answer and asks the first model that has a name", async () => {
    const events = [": a comment\n\n", delta("Grü"), delta("ße"), `data: {"choices":[]}\n\n`, "data: [DONE]\n\n"];
    expect(await chat(rawStream(events, { isEnded: true }))).toEqual({ code: 0, out: "Grüße\n", err: "" });
    expect(lastBody).toEqual({ model: "first", stream: true, messages: [{ role: "user", content: "Hello" }] });
  });

  test("asks the model it is told, over TCP where it is told", async () => {
    gateway = startFakeGateway((path, body) => {
      if (path !== "/v1/models") lastBody = JSON.parse(body);
      return path === "/v1/models" ? rawAnswer(200, "{}") : rawStream(["data: [DONE]\n\n"], { isEnded: true });
    });
    const { code } = await runCli(["chat", "Hi", "--http", `127.0.0.1:${gateway.port}`, "--model", "gpt-x"]);
    expect(code).toBe(0);
    expect(lastBody).toMatchObject({ model: "gpt-x" });
  });

  test("lines end in CRLF, LF or CR, data may stand on several lines, and characters may be split anywhere", async () => {
    const json = JSON.stringify({ choices: [{ index: 0, delta: { content: "é👋" } }] });
    const [before = "", after = ""] = json.split(`"index"`);
    const text = `data: ${before}\r\ndata:"index"${after}\r\n\r\ndata: [DONE]\r\r`;
    const bytes = Buffer.from(text);
    const chunks = [...bytes].map((byte) =>
      Buffer.concat([Buffer.from("1\r\n"), Buffer.of(byte), Buffer.from("\r\n")]),
    );
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    const answer = Buffer.concat([Buffer.from(head), ...chunks, Buffer.from("0\r\n\r\n")]);
    expect(await chat(answer)).toMatchObject({ out: "é👋\n", code: 1, err: expect.stringContaining("end marker") });
    gateway?.stop();
    const closed = Buffer.concat([Buffer.from(head), ...chunks, Buffer.from("1\r\n\n\r\n0\r\n\r\n")]);
    expect(await chat(closed)).toEqual({ code: 0, out: "é👋\n", err: "" });
  });

  test("a connection that breaks off is a failure, with what had come printed", async () => {
    // It breaks once the text has been printed: fetch drops bytes that arrive together with the break.
    const { promise: endAfter, resolve: breakOff } = Promise.withResolvers<void>();
    const answer = { bytes: rawStream([delta("Hel")], { isEnded: false }), endAfter };
    const { code, out, err } = await chat(answer, [], rawAnswer(200, MODELS), breakOff);
    expect({ code, out }).toEqual({ code: 1, out: "Hel\n" });
    expect(err).toStartWith("llmux chat: the stream broke after 3 characters: ");
  });

  test("a stream without its end marker is a failure even when the body ended in good order", async () => {
    const { code, out, err } = await chat(rawStream([delta("Hel")], { isEnded: true }));
    expect({ code, out }).toEqual({ code: 1, out: "Hel\n" });
    expect(err).toBe("llmux chat: the stream ended after 3 characters without its end marker\n");
  });

  test("an error event is a failure and is shown", async () => {
    const error = `data: {"error":{"message":"The provider's stream ended early.","code":"upstream_truncated"}}\n\n`;
    const { code, err } = await chat(rawStream([delta("Hel"), error, "data: [DONE]\n\n"], { isEnded: true }));
    expect(code).toBe(1);
    expect(err).toBe(
      "llmux chat: the stream broke after 3 characters: The provider's stream ended early. (upstream_truncated)\n",
    );
  });

  test("an event that is not JSON is a failure", async () => {
    const { code, err } = await chat(rawStream(["data: <html>\n\n"], { isEnded: true }));
    expect(code).toBe(1);
    expect(err).toContain(`expected an event in JSON, got "<html>"`);
  });

  test("an answer that is no stream is a failure", async () => {
    const { code, err } = await chat(rawAnswer(200, "{}"));
    expect(code).toBe(1);
    expect(err).toContain(`expected an event stream, got content-type "application/json"`);
  });

  test("a refusal is shown with its status, message and code", async () => {
    const refusal = rawAnswer(404, `{"error":{"message":"No model x. Known: first.","code":"model_not_found"}}`);
    const { code, err } = await chat(refusal, ["--model", "x"]);
    expect(code).toBe(1);
    expect(err).toBe("llmux chat: the gateway answered 404: No model x. Known: first. (model_not_found)\n");
    gateway?.stop();
    expect((await chat(rawAnswer(502, "<html>bad gateway", "text/html"))).err).toContain(`502: "<html>bad gateway"`);
  });

  test("without any model by name it asks for --model", async () => {
    for (const models of [`{"data":[{"id":"local/*"}]}`, "{}", "[]"]) {
      const { code, err } = await chat("", [], rawAnswer(200, models));
      expect(code).toBe(1);
      expect(err).toContain("say which with --model");
      gateway?.stop();
    }
    const { err } = await chat("", [], rawAnswer(500, `{"error":{"message":"broken"}}`));
    expect(err).toContain("the gateway answered 500: broken");
  });

  test("without a gateway it says how to start one", async () => {
    const { code, err } = await runCli(["chat", "Hello", "--socket", "/tmp/llmux-none"]);
    expect(code).toBe(1);
    expect(err).toContain("nothing answers at unix:/tmp/llmux-none");
    expect(err).toContain("Try: llmux serve --demo");
  });

  test("stops asking when nobody reads the answer any more", async () => {
    gateway = startFakeGateway((path) =>
      path === "/v1/models" ? rawAnswer(200, MODELS) : rawStream([delta("a"), delta("b")], { isEnded: true }),
    );
    const { code, out } = await runCli(["chat", "Hello", "--socket", gateway.socketPath], {
      onOut: (_text, leave) => leave(),
    });
    expect(code).toBe(1);
    expect(out).not.toContain("b");
  });
});
