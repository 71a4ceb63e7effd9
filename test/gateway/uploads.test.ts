/** Multipart endpoints: the model's name is found and replaced while the file streams by. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { bodyAnswer, errorAnswer, eventStream, jsonAnswer } from "../instruments/answers.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { Random } from "../instruments/random.ts";
import type { RawClient, SendOptions } from "../instruments/raw-client.ts";
import { until } from "../instruments/until.ts";
import { Stage } from "./stage.ts";

const BOUNDARY = "----boundary-7MA4YWxkTrZu0gW";
const MIB = 1024 * 1024;

type Part = readonly [name: string, value: string | Buffer, filename?: string];

const writePart = ([name, value, filename]: Part): Buffer =>
  Buffer.concat([
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"` +
        `${filename === undefined ? "" : `; filename="${filename}"\r\nContent-Type: application/octet-stream`}\r\n\r\n`,
    ),
    Buffer.from(value),
    Buffer.from("\r\n"),
  ]);
const writeForm = (parts: readonly Part[]): Buffer =>
  Buffer.concat([...parts.map(writePart), Buffer.from(`--${BOUNDARY}--\r\n`)]);

type Framing = "length" | "chunked";

function writeUpload(path: string, form: Buffer, framing: Framing): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=${BOUNDARY}\r\n`;
  if (framing === "length") return Buffer.concat([Buffer.from(`${head}content-length: ${form.length}\r\n\r\n`), form]);
  const pieces: Buffer[] = [Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`)];
  for (let at = 0; at < form.length; at += 100_000) {
    const piece = form.subarray(at, at + 100_000);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ models: { "dall-e-2": { deployments: [{ provider: "fake", model: "dall-e-2" }] } } });
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.upstream.forget();
  stage.upstream.respond = () => jsonAnswer({ text: "Hello." });
});

async function start(request: Buffer, options: SendOptions = {}): Promise<RawClient> {
  const caller = await stage.connect();
  // A refusal may come before all of it was sent.
  void caller.send(request, options);
  return caller;
}

async function upload(request: Buffer, options: SendOptions = {}): Promise<{ seen: HttpMessage; answer: HttpMessage }> {
  const caller = await start(request, options);
  const answer = await caller.readAnswer();
  caller.close();
  return { seen: stage.upstream.lastRequest.message, answer };
}

const TRANSCRIPTIONS = "/v1/audio/transcriptions";
/** A file that holds what looks like a boundary and a model field, but is none. */
const TRICKY = Buffer.concat([
  Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\nContent-Disposition: form-data; name="model"\r\n\r\nfake\r\n--`),
  new Random(3).bytes(200_000),
  Buffer.from(`--${BOUNDARY}\r\n name="model"`),
]);

describe("the model's field", () => {
  const orders: readonly (readonly [what: string, parts: (model: string) => Part[]])[] = [
    [
      "before the file",
      (model) => [
        ["model", model],
        ["file", TRICKY, "a.wav"],
        ["language", "en"],
      ],
    ],
    [
      "after the file",
      (model) => [
        ["file", TRICKY, "a.wav"],
        ["model", model],
        ["language", "en"],
      ],
    ],
    [
      "at the very end",
      (model) => [
        ["file", TRICKY, "a.wav"],
        ["language", "en"],
        ["model", model],
      ],
    ],
    ["alone", (model) => [["model", model]]],
    [
      "between empty parts",
      (model) => [
        ["prompt", ""],
        ["model", model],
        ["file", "", "empty"],
      ],
    ],
  ];
  for (const [what, parts] of orders) {
    for (const framing of ["length", "chunked"] as const) {
      test(`is found ${what} (${framing}), replaced, and nothing else is`, async () => {
        const { seen, answer } = await upload(writeUpload(TRANSCRIPTIONS, writeForm(parts("m")), framing));
        expect(answer.json()).toEqual({ text: "Hello." });
        expect(seen.framing).toBe(framing);
        expect(seen.header("content-type")).toBe(`multipart/form-data; boundary=${BOUNDARY}`);
        expect(seen.body.equals(writeForm(parts("m-there")))).toBe(true);
      });
    }
  }

  for (const pieceBytes of [1, 2, 3, 50]) {
    test(`is found wherever the bytes are cut (${pieceBytes} at a time)`, async () => {
      const parts = (model: string): Part[] => [
        ["file", "\r\n--\r\n----", "a"],
        ["model", model],
        ["x", "y"],
      ];
      const { seen } = await upload(writeUpload(TRANSCRIPTIONS, writeForm(parts("m")), "length"), { pieceBytes });
      expect(seen.text).toBe(writeForm(parts("m-there")).toString());
    });
  }

  test("of a file of that name is none: a file is no field", async () => {
    const parts = (model: string): Part[] => [
      ["model", "unknown", "model"],
      ["model", model],
    ];
    const { seen } = await upload(writeUpload(TRANSCRIPTIONS, writeForm(parts("m")), "length"));
    expect(seen.text).toBe(writeForm(parts("m-there")).toString());
  });

  const refused: readonly (readonly [what: string, parts: Part[], status: number, fields: object])[] = [
    ["missing", [["file", "abc", "a"]], 400, { param: "model" }],
    [
      "doubled",
      [
        ["model", "m"],
        ["file", "abc", "a"],
        ["model", "m"],
      ],
      400,
      {},
    ],
    [
      "doubled side by side",
      [
        ["model", "m"],
        ["model", "m"],
      ],
      400,
      {},
    ],
    [
      "empty",
      [
        ["model", ""],
        ["file", "abc", "a"],
      ],
      400,
      {},
    ],
    [
      "unknown",
      [
        ["model", "unknown"],
        ["file", "abc", "a"],
      ],
      404,
      { code: "model_not_found" },
    ],
    ["too long", [["model", "m".repeat(2_000)]], 400, {}],
  ];
  for (const [what, parts, status, fields] of refused) {
    for (const framing of ["length", "chunked"] as const) {
      test(`that is ${what} is ${status} (${framing})`, async () => {
        const caller = await start(writeUpload(TRANSCRIPTIONS, writeForm(parts), framing));
        const answer = await caller.readAnswer();
        expect([answer.status, answer.json()]).toMatchObject([status, { error: { source: "gateway", ...fields } }]);
        // What reached a provider before the second field was seen can never have been a whole request.
        for (const { message } of stage.upstream.requests) expect(message.isComplete).toBe(false);
      });
    }
  }

  test("that is doubled far behind a large file is 400, and the provider's request ends unfinished", async () => {
    const form = writeForm([
      ["model", "m"],
      ["file", Buffer.alloc(3 * MIB, "x"), "a"],
      ["model", "m"],
    ]);
    const caller = await start(writeUpload(TRANSCRIPTIONS, form, "length"));
    expect((await caller.readAnswer()).status).toBe(400);
    const [request] = stage.upstream.requests;
    await until("the provider to be let go", () => request === undefined || !request.connection.isOpen);
    expect(request?.message.isComplete ?? false).toBe(false);
  });
});

describe("a body that is no form", () => {
  for (const [what, type] of [
    ["JSON", "application/json"],
    ["a form without boundary", "multipart/form-data"],
    ["another multipart", `multipart/mixed; boundary=${BOUNDARY}`],
  ] as const) {
    test(`but ${what} is 415`, async () => {
      const before = stage.upstream.totalRequests;
      const caller = await stage.connect();
      await caller.send(
        `POST ${TRANSCRIPTIONS} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect((await caller.readAnswer()).status).toBe(415);
      expect(stage.upstream.totalRequests).toBe(before);
    });
  }

  test("but ends before its last boundary is 400", async () => {
    const form = writeForm([
      ["file", "abc", "a"],
      ["model", "m"],
    ]);
    const caller = await start(writeUpload(TRANSCRIPTIONS, form.subarray(0, -8), "length"));
    const answer = await caller.readAnswer();
    expect(answer.status).toBe(400);
    for (const { message } of stage.upstream.requests) expect(message.isComplete).toBe(false);
  });
});

describe("a file of 20 MB", () => {
  const file = new Random(11).bytes(20 * MIB);
  for (const [order, framing] of [
    ["model first", "length"],
    ["model first", "chunked"],
    ["model last", "length"],
    ["model last", "chunked"],
  ] as const) {
    test(`arrives whole (${order}, ${framing})`, async () => {
      const parts = (model: string): Part[] =>
        order === "model first"
          ? [
              ["model", model],
              ["file", file, "a.wav"],
            ]
          : [
              ["file", file, "a.wav"],
              ["model", model],
            ];
      const { seen, answer } = await upload(writeUpload(TRANSCRIPTIONS, writeForm(parts("m")), framing));
      expect(answer.status).toBe(200);
      const expected = writeForm(parts("m-there"));
      expect(seen.body.length).toBe(expected.length);
      expect(Bun.hash(seen.body)).toBe(Bun.hash(expected));
    });
  }
});

describe("the other multipart endpoints", () => {
  test("edit and vary images, translate speech: each at its own path", async () => {
    for (const path of ["/v1/images/edits", "/v1/images/variations", "/v1/audio/translations"]) {
      const parts = (model: string): Part[] => [
        ["image", TRICKY, "a.png"],
        ["prompt", "x"],
        ["model", model],
      ];
      const { seen, answer } = await upload(writeUpload(path, writeForm(parts("m")), "length"));
      expect([seen.target, answer.status]).toEqual([path, 200]);
      expect(seen.body.equals(writeForm(parts("m-there")))).toBe(true);
    }
  });

  test("go to the model that the API assumes where none is named, the body untouched", async () => {
    const form = writeForm([
      ["image", TRICKY, "a.png"],
      ["prompt", "x"],
    ]);
    const { seen } = await upload(writeUpload("/v1/images/edits", form, "length"));
    expect(seen.body.equals(form)).toBe(true);
  });

  test("answer in what was asked for: text, or a stream of events", async () => {
    const form = writeForm([
      ["model", "m"],
      ["response_format", "srt"],
      ["file", "abc", "a"],
    ]);
    stage.upstream.respond = () => bodyAnswer("1\n00:00\nHello.\n", "text/plain; charset=utf-8");
    const { answer } = await upload(writeUpload(TRANSCRIPTIONS, form, "length"));
    expect([answer.text, answer.header("content-type")]).toEqual(["1\n00:00\nHello.\n", "text/plain; charset=utf-8"]);
    const events = [
      'data: {"type":"transcript.text.delta","delta":"Hel"}\n\n',
      'data: {"type":"transcript.text.done","text":"Hello"}\n\n',
    ];
    stage.upstream.respond = () => eventStream(events);
    expect((await upload(writeUpload(TRANSCRIPTIONS, form, "length"))).answer.chunks.map(String)).toEqual(events);
  });
});

describe("a provider that answers before the upload is through", () => {
  test("has its answer passed on, and neither connection is used again", async () => {
    stage.upstream.respondToHead = ({ connection }) => {
      connection.pauseReading();
      return errorAnswer(413, { message: "File too large.", type: "invalid_request_error" });
    };
    try {
      const form = writeForm([
        ["model", "m"],
        ["file", Buffer.alloc(30 * MIB, "x"), "a"],
      ]);
      const caller = await start(writeUpload(TRANSCRIPTIONS, form, "length"));
      const answer = await caller.readAnswer();
      expect([answer.status, answer.text, answer.header("connection")]).toEqual([
        413,
        expect.stringContaining("File too large."),
        "close",
      ]);
      await caller.waitForEnd();
    } finally {
      stage.upstream.respondToHead = () => null;
    }
  });
});

describe("a caller that leaves in the middle of its upload", () => {
  for (const leave of ["abort", "close"] as const) {
    test(`lets the provider go (${leave})`, async () => {
      const form = writeForm([
        ["model", "m"],
        ["file", Buffer.alloc(MIB, "x"), "a"],
      ]);
      const caller = await start(writeUpload(TRANSCRIPTIONS, form, "length").subarray(0, MIB / 2));
      await stage.upstream.waitForRequests(1);
      caller[leave]();
      await until("the provider to be let go", () => !stage.upstream.lastRequest.connection.isOpen);
      expect(stage.upstream.lastRequest.message.isComplete).toBe(false);
    });
  }
});
