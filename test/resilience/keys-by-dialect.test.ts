/** Virtual keys in each API's own manner: how they come, how they are refused, and that they go no further than the gateway. */
import { describe, expect, test } from "bun:test";
import { errorAnswer } from "../instruments/answers.ts";
import { answers, type FleetMember } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { keyEntry, secretOf, withKey, withKeys } from "./keys.ts";
import { codeOf, type Entry, type Headers, isWell, RouteStage } from "./stage.ts";

const VERSION = ["anthropic-version", "2023-06-01"] as const;
const MESSAGES = [{ role: "user", content: "Hi." }];
const CONTENTS = { contents: [{ role: "user", parts: [{ text: "Hi." }] }] };

/** What a caller of each API sends for a model, and where it puts its key. */
type Api = {
  readonly name: string;
  readonly request: (model: string) => readonly [path: string, body: Entry, headers: Headers];
  readonly key: (secret: string) => Headers;
  /** What its errors look like, by their status. */
  readonly refused: (status: number) => Entry;
};

const openaiTypes: Readonly<Record<number, Entry>> = {
  401: { code: "invalid_api_key" },
  403: { code: "model_not_allowed" },
};
const APIS: readonly Api[] = [
  {
    name: "openai",
    request: (model) => ["/v1/chat/completions", { model, messages: MESSAGES }, []],
    key: (secret) => [["authorization", `Bearer ${secret}`]],
    refused: (status) => ({ error: { message: expect.any(String), ...openaiTypes[status] } }),
  },
  {
    name: "openai responses",
    request: (model) => ["/v1/responses", { model, input: "Hi." }, []],
    key: (secret) => [["authorization", `bearer ${secret}`]],
    refused: (status) => ({ error: { message: expect.any(String), ...openaiTypes[status] } }),
  },
  {
    name: "anthropic",
    request: (model) => ["/v1/messages", { model, max_tokens: 9, messages: MESSAGES }, [VERSION]],
    key: (secret) => [["x-api-key", secret]],
    refused: (status) => ({
      type: "error",
      error: { type: status === 401 ? "authentication_error" : "permission_error", message: expect.any(String) },
    }),
  },
  {
    name: "gemini",
    request: (model) => [`/v1beta/models/${model}:generateContent`, CONTENTS, []],
    key: (secret) => [["x-goog-api-key", secret]],
    refused: (status) => ({
      error: {
        code: status,
        status: status === 401 ? "UNAUTHENTICATED" : "PERMISSION_DENIED",
        message: expect.any(String),
      },
    }),
  },
];

const OPTIONS = withKeys([keyEntry("any"), keyEntry("shop", { models: ["m", "local/*"] })], {
  models: {
    secret: { deployments: [{ provider: "only", model: "x" }] },
    "local/*": { deployments: [{ provider: "only", model: "*" }] },
  },
});

async function get(stage: RouteStage, path: string, headers: Headers): Promise<HttpMessage> {
  const caller = await stage.connect();
  caller.expectAnswerTo("GET");
  await caller.send(
    `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
  );
  return await caller.readAnswer();
}

/** Every byte a provider got of its requests. */
const bytesAt = ({ upstream }: FleetMember): string =>
  Buffer.concat(upstream.requests.flatMap(({ message }) => [message.rawHead, message.rawBody])).toString("latin1");

describe("a caller", () => {
  for (const { name, request, key, refused } of APIS) {
    test(`of ${name}: is refused without a key and with another one, in that API's words`, async () => {
      await RouteStage.with(OPTIONS, async (stage) => {
        const [path, body, headers] = request("m");
        for (const credential of [[], key("sk-example-nobody-knows-this-one-9876")]) {
          const answer = await (await stage.send(path, body, [...headers, ...credential])).readAnswer();
          expect(answer.status).toBe(401);
          expect(answer.json()).toMatchObject(refused(401));
          // RFC 9110 section 11.6.1: a 401 names a way to authenticate.
          expect(answer.header("www-authenticate")).toStartWith("Bearer");
          expect(answer.header("x-llmux-error-source")).toBe("gateway");
          // What was tried is not told again.
          expect(answer.text).not.toContain("nobody-knows");
        }
        expect(stage.asked).toEqual([0]);
      });
    });

    test(`of ${name}: is refused a model its key may not call, in that API's words`, async () => {
      await RouteStage.with(OPTIONS, async (stage) => {
        const [path, body, headers] = request("secret");
        const answer = await (await stage.send(path, body, [...headers, ...key(secretOf("shop"))])).readAnswer();
        expect(answer.status).toBe(403);
        expect(answer.json()).toMatchObject(refused(403));
        expect(answer.header("www-authenticate")).toBeNull();
        expect(stage.asked).toEqual([0]);
        const allowed = request("m");
        expect(
          (await (await stage.send(allowed[0], allowed[1], [...allowed[2], ...key(secretOf("shop"))])).readAnswer())
            .status,
        ).toBe(200);
        expect(stage.asked).toEqual([1]);
      });
    });

    test(`of ${name}: its key goes no further, nor does one in any other place`, async () => {
      await RouteStage.with(OPTIONS, async (stage) => {
        const secret = secretOf("any");
        const [path, body, headers] = request("m");
        const places: Headers[] = [
          key(secret),
          [["authorization", `Bearer ${secret}`]],
          [["x-api-key", secret]],
          [["api-key", secret]],
          [["x-goog-api-key", secret]],
          // An SDK sends its own placeholder beside the key that was set.
          [
            ["authorization", "Bearer placeholder-of-an-sdk"],
            ["x-api-key", secret],
            ["api-key", secret],
          ],
        ];
        for (const place of places) {
          expect((await (await stage.send(path, body, [...headers, ...place])).readAnswer()).status).toBe(200);
        }
        for (const query of [
          `key=${secret}`,
          `a=b&key=${secret}&c=d`,
          `key=${encodeURIComponent(secret).replace("-", "%2D")}`,
        ]) {
          const answer = await (await stage.send(`${path}?${query}`, body, headers)).readAnswer();
          expect(answer.status).toBe(200);
        }
        const only = stage.member("only");
        expect(only.requests).toBe(places.length + 3);
        for (const part of [secret, encodeURIComponent(secret), "%2Dexample", "placeholder-of-an-sdk", "key="]) {
          expect(bytesAt(only)).not.toContain(part);
        }
        for (const { message } of only.upstream.requests) {
          expect(message.all("authorization")).toEqual(["Bearer sk-example-only"]);
        }
      });
    });
  }

  test("whose key is not even a key's length, or in bytes of no text, is refused like any other", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      const strange: Headers[] = [
        [["x-api-key", "x".repeat(5_000)]],
        [["authorization", `Bearer ${"\u00ff".repeat(40)}`]],
        [["authorization", "Bearer"]],
        [["authorization", secretOf("any")]],
        [["authorization", `Basic ${btoa(`user:${secretOf("any")}`)}`]],
        [["cookie", `key=${secretOf("any")}`]],
      ];
      for (const headers of strange) expect((await stage.answer({}, headers)).status).toBe(401);
      expect((await (await stage.send("/v1/chat/completions?key=%ff%41", { model: "m" })).readAnswer()).status).toBe(
        401,
      );
      expect(stage.asked).toEqual([0]);
    });
  });

  test("is refused before its body is read", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      const caller = await stage.connect();
      await caller.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{");
      expect((await caller.readAnswer()).status).toBe(401);
    });
  });

  test("whose key is taken away by a reload is refused from then on", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      expect(isWell(await stage.answer({}, withKey("any")))).toBe(true);
      await stage.reload({ config: { keys: [keyEntry("shop")] } });
      expect((await stage.answer({}, withKey("any"))).status).toBe(401);
      expect(isWell(await stage.answer({}, withKey("shop")))).toBe(true);
    });
  });

  test("with a key of its own is told of a provider's 401 apart: it is not the caller's key", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      const theirs = { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" };
      stage.member("only").behave(answers(() => errorAnswer(401, theirs)));
      const answer = await stage.answer({}, withKey("any"));
      expect(answer.header("x-llmux-error-source")).not.toBe("gateway");
      expect(answer.header("www-authenticate")).toBeNull();
      expect(codeOf(answer)).toBe("invalid_api_key");
    });
  });
});

describe("the list of models", () => {
  test("shows a key what it may call, in each API's form, and one model of it the same", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      const shop = withKey("shop");
      const ids = (answer: HttpMessage): readonly string[] => {
        const { data = [], models = [] } = answer.json() as { data?: { id: string }[]; models?: { name: string }[] };
        return [...data.map(({ id }) => id), ...models.map(({ name }) => name.replace("models/", ""))];
      };
      for (const [path, headers] of [
        ["/v1/models", shop],
        ["/v1/models", [...shop, VERSION]],
        ["/v1beta/models", [["x-goog-api-key", secretOf("shop")]]],
        [`/v1beta/models?key=${secretOf("shop")}`, []],
        ["/api/tags", shop],
      ] as const) {
        const answer = await get(stage, path, headers);
        expect(answer.status).toBe(200);
        expect(ids(answer)).toContain("m");
        expect(answer.text).not.toContain("secret");
      }
      expect(ids(await get(stage, "/v1/models", withKey("any")))).toContain("secret");
      expect((await get(stage, "/v1/models/m", shop)).status).toBe(200);
      expect((await get(stage, "/v1/models/secret", shop)).status).toBe(404);
      expect((await get(stage, "/v1beta/models/secret", shop)).status).toBe(404);
      for (const path of ["/v1/models", "/v1beta/models", "/v1/models/m", "/api/tags"]) {
        const refused = await get(stage, path, []);
        expect([refused.status, refused.header("www-authenticate") !== null]).toEqual([401, true]);
      }
    });
  });

  test("and an unknown model's error names none that the key may not call", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      const answer = await stage.answer({ model: "unknown" }, withKey("shop"));
      expect(answer.status).toBe(404);
      expect(answer.text).toContain("m");
      expect(answer.text).not.toContain("secret");
    });
  });
});

describe("a realtime session", () => {
  const UPGRADE =
    "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const accept = (stage: RouteStage): void => {
    const only = stage.member("only");
    only.behave({
      kind: "connection",
      plan: () => ({
        kind: "at-first-bytes",
        script: [
          {
            kind: "bytes",
            data: "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
          },
          { kind: "silence" },
        ],
      }),
    });
  };
  const upgrade = async (stage: RouteStage, query: string, lines: string) => {
    const caller = await stage.connect();
    caller.expectAnswerTo("GET");
    await caller.send(`GET /v1/realtime?${query} HTTP/1.1\r\nhost: x\r\n${UPGRADE}${lines}\r\n`);
    return await caller.readHead();
  };

  test("needs a key, for a model it may call, and the provider sees none of it", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      accept(stage);
      const bearer = (name: string): string => `authorization: Bearer ${secretOf(name)}\r\n`;
      expect((await upgrade(stage, "model=m", "")).status).toBe(401);
      expect((await upgrade(stage, "model=m", bearer("nobody"))).status).toBe(401);
      expect((await upgrade(stage, "model=secret", bearer("shop"))).status).toBe(403);
      expect(stage.member("only").upstream.totalConnections).toBe(0);
      const protocols = `sec-websocket-protocol: realtime, openai-insecure-api-key.${secretOf("shop")}\r\n`;
      expect((await upgrade(stage, "model=m", bearer("shop") + protocols)).status).toBe(101);
      expect((await upgrade(stage, `model=m&key=${secretOf("shop")}`, "")).status).toBe(101);
      const received = stage
        .member("only")
        .upstream.connections.map((each) => Buffer.concat(each.received).toString("latin1"));
      expect(received.length).toBe(2);
      for (const bytes of received) {
        expect(bytes).not.toContain(secretOf("shop"));
        expect(bytes).toContain("authorization: Bearer sk-example-only\r\n");
      }
    });
  });

  test("takes the key from the protocols that a browser offers, as OpenAI's does: it can set no header", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      accept(stage);
      const protocols = (name: string): string =>
        `sec-websocket-protocol: realtime, openai-insecure-api-key.${secretOf(name)}, openai-beta.realtime-v1\r\n`;
      expect((await upgrade(stage, "model=m", protocols("nobody"))).status).toBe(401);
      expect((await upgrade(stage, "model=m", protocols("shop"))).status).toBe(101);
    });
  });
});

describe("the class of a request", () => {
  test("is one of three words; another one is refused in the caller's API's words, before anybody is asked", async () => {
    await RouteStage.with(OPTIONS, async (stage) => {
      for (const { name, request, key } of APIS) {
        const [path, body, headers] = request("m");
        for (const word of ["urgent", "", "high,low", "0", "\u00ff".repeat(300)]) {
          const answer = await (
            await stage.send(path, body, [...headers, ...key(secretOf("any")), ["x-llmux-priority", word]])
          ).readAnswer();
          expect([name, word.slice(0, 10), answer.status]).toEqual([name, word.slice(0, 10), 400]);
          expect(answer.text).toContain("x-llmux-priority");
          expect(answer.body.length).toBeLessThan(1_000);
        }
      }
      expect(stage.asked).toEqual([0]);
      for (const word of ["high", "normal", "LOW", " low "]) {
        expect(isWell(await stage.answer({}, withKey("any", [["x-llmux-priority", word]])))).toBe(true);
      }
    });
  });

  test("is never above what the key may ask for, and `high` is there for a key that may", async () => {
    const keys = [keyEntry("plain"), keyEntry("urgent", { priority: "high" }), keyEntry("batch", { priority: "low" })];
    const rules = ["high", "low"].map((word) => ({ when: `priority == "${word}"`, use: { tags: [word] } }));
    const deployments = { a: { tags: ["normal"] }, b: { tags: ["high"] }, c: { tags: ["low"] } };
    const model = { strategy: [{ name: "conditional", rules }, "priority"] };
    await RouteStage.with({ model, deployments, config: { keys } }, async (stage) => {
      const askedBy = async (key: string, word: string | null): Promise<string> => {
        const before = stage.asked;
        await stage.answer({}, withKey(key, word === null ? [] : [["x-llmux-priority", word]]));
        return ["normal", "high", "low"][stage.asked.findIndex((count, place) => count > (before[place] ?? 0))] ?? "";
      };
      for (const [key, word, expected] of [
        ["plain", null, "normal"],
        ["plain", "high", "normal"],
        ["plain", "low", "low"],
        ["urgent", null, "normal"],
        ["urgent", "high", "high"],
        ["urgent", "low", "low"],
        ["batch", null, "low"],
        ["batch", "high", "low"],
        ["batch", "normal", "low"],
      ] as const) {
        expect([key, word, await askedBy(key, word)]).toEqual([key, word, expected]);
      }
    });
  });
});
