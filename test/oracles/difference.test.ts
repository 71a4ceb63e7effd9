import { describe, expect, test } from "bun:test";
import { HttpMessage } from "../instruments/http-reader.ts";
import { compareRequests } from "./difference.ts";

function request(target: string, headers: readonly string[], body: object): HttpMessage {
  const lines = [`POST ${target} HTTP/1.1`, "host: example.com", ...headers];
  const message = new HttpMessage("request", Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
  message.bodyParts.push(Buffer.from(JSON.stringify(body)));
  return message;
}

const BASE = request("/v1/a%3Ab?alt=sse", ["x-api-key: sk-example", "content-type: application/json"], {
  model: "m",
  messages: [{ role: "user", content: "Hi." }],
  stop: null,
});
const pathsOf = (ours: HttpMessage) => compareRequests(BASE, ours).map(({ path }) => path);

describe("two requests", () => {
  test("are the same whatever the order of members and headers, with nulls or without, and whoever's figures go along", () => {
    const ours = request(
      "/v1/a%3Ab?alt=sse",
      ["user-agent: shop/1", "content-type: application/json; charset=UTF-8", "x-api-key: sk-example"],
      { messages: [{ content: "Hi.", role: "user" }], model: "m" },
    );
    expect(pathsOf(ours)).toEqual([]);
  });

  test("differ by path, query, headers and body, each at its own place", () => {
    const ours = request("/v1/a:b", ["x-api-key: sk-other", "x-more: 1"], {
      model: "m",
      messages: [{ role: "user", content: "Ho." }, { role: "user" }],
      stop: "",
      stream: false,
    });
    expect(pathsOf(ours).toSorted()).toEqual([
      "body.messages.0.content",
      "body.messages.1",
      "body.stop",
      "body.stream",
      "headers.content-type",
      "headers.x-api-key",
      "headers.x-more",
      "path",
      "query.alt",
    ]);
  });
});
