import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { getEncoding } from "js-tiktoken";
import { certainlyExceeds, readTokenHints } from "../../src/account/estimate-tokens.ts";
import { MAX_OUTPUT_TOKENS } from "../../src/account/token-ratio.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };

function hints(body: unknown, indent?: number) {
  return readTokenHints(Buffer.from(JSON.stringify(body, null, indent)));
}

/** Large, so that what is not seen as an image would count for several. */
const PNG = `iVBORw0KGgo${"A".repeat(300_000)}`;
const JPEG = `/9j/${"4AAQ/kZJRg".repeat(30_000)}`;
const PDF = `JVBERi0xLjcK${"MCBvYmoK".repeat(50_000)}`;

describe("the longest answer a caller allows", () => {
  const messages = [{ role: "user", content: "Hello" }];
  test.each([
    ["max_tokens", { model: "m", messages, max_tokens: 100 }],
    ["max_completion_tokens", { max_completion_tokens: 100, model: "m", messages }],
    ["max_output_tokens", { model: "m", input: "Hello", max_output_tokens: 100 }],
    ["Gemini's maxOutputTokens", { contents: [], generationConfig: { temperature: 0, maxOutputTokens: 100 } }],
    ["Gemini's other spelling", { contents: [], generation_config: { max_output_tokens: 100 } }],
    ["Bedrock's maxTokens", { messages, inferenceConfig: { maxTokens: 100, stopSequences: ["a"] } }],
    ["Ollama's num_predict", { model: "m", messages, options: { num_ctx: 4096, num_predict: 100 } }],
  ])("is read from %s", (_name, body) => {
    expect(hints(body).maxOutput).toBe(100);
    expect(hints(body, 2).maxOutput).toBe(100);
  });

  test("is multiplied by the answers asked for", () => {
    expect(hints({ n: 3, max_tokens: 100 }).maxOutput).toBe(300);
    expect(hints({ max_tokens: 100, n: 2, best_of: 5 }).maxOutput).toBe(500);
    expect(hints({ generationConfig: { candidateCount: 4, maxOutputTokens: 10 } }).maxOutput).toBe(40);
    expect(hints({ n: 1e9, max_tokens: 10 }).maxOutput).toBe(1_280);
    expect(hints({ n: 0, max_tokens: 10 }).maxOutput).toBe(10);
  });

  test("is not known where nothing sensible is said of it", () => {
    expect(hints({ messages }).maxOutput).toBeNull();
    expect(hints({ max_tokens: null }).maxOutput).toBeNull();
    expect(hints({ max_tokens: "100" }).maxOutput).toBeNull();
    expect(hints({ max_tokens: -5 }).maxOutput).toBeNull();
    expect(hints({ options: { num_predict: -1 } }).maxOutput).toBeNull();
    expect(hints({ max_tokens: [100], options: [{ num_predict: 5 }, "num_predict", 5] }).maxOutput).toBeNull();
    expect(hints({ max_tool_calls: 7, max_prompt_tokens: 8 }).maxOutput).toBeNull();
  });

  test("is bounded, whatever number it is", () => {
    const read = (number: string): number | null => readTokenHints(Buffer.from(`{"max_tokens":${number}}`)).maxOutput;
    expect(read("1e308")).toBe(MAX_OUTPUT_TOKENS);
    expect(read("1E400")).toBe(MAX_OUTPUT_TOKENS);
    expect(read("9".repeat(10_000))).toBe(MAX_OUTPUT_TOKENS);
    expect(read("1e2")).toBe(100);
    expect(read("99.9")).toBe(99);
    expect(read("0")).toBe(0);
    expect(read("1e-300")).toBe(0);
  });

  test("is the larger of two", () => {
    expect(readTokenHints(Buffer.from('{"max_tokens":5,"max_tokens":50,"max_tokens":7}')).maxOutput).toBe(50);
  });

  test("is not taken from texts, tools or arguments that speak of it", () => {
    const fake = '{"max_tokens": 999999}, "max_tokens": 999999, \\"max_tokens\\": 9';
    const body = {
      messages: [
        { role: "user", content: fake },
        { role: "user", content: `"${fake.repeat(50)}` },
        {
          role: "assistant",
          content: [{ type: "tool_use", input: { max_tokens: 77, generationConfig: { maxOutputTokens: 78 } } }],
        },
      ],
      tools: [
        { parameters: { properties: { max_tokens: { type: "integer", default: 79 } } }, options: { num_predict: 80 } },
      ],
      '"max_tokens': 81,
      '\\": ': 82,
      metadata: { max_tokens: 83 },
    };
    expect(hints(body).maxOutput).toBeNull();
    expect(hints({ ...body, max_tokens: 100 }).maxOutput).toBe(100);
    expect(hints({ max_tokens: 100, ...body }).maxOutput).toBe(100);
  });
});

describe("media in a body", () => {
  const url = `data:image/png;base64,${PNG}`;
  test.each([
    ["OpenAI chat", { messages: [{ content: [{ type: "image_url", image_url: { url } }] }] }, url],
    ["OpenAI Responses", { input: [{ content: [{ type: "input_image", image_url: url }] }] }, url],
    [
      "Anthropic",
      { messages: [{ content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }] }] },
      PNG,
    ],
    ["Gemini", { contents: [{ parts: [{ inlineData: { mimeType: "image/jpeg", data: JPEG } }] }] }, JPEG],
    ["Bedrock", { messages: [{ content: [{ image: { format: "png", source: { bytes: PNG } } }] }] }, PNG],
    ["Ollama", { messages: [{ role: "user", content: "What is it?", images: [PNG] }] }, PNG],
  ])("is told from text: an image of %s", (_name, body, payload) => {
    const { promptBytes, images } = hints(body);
    expect(images).toBe(1);
    expect(promptBytes).toBe(JSON.stringify(body).length - payload.length);
  });

  test("counts images by their addresses too, and several of each", () => {
    const byUrl = { type: "image_url", image_url: { url: "https://example.com/cat.png" } };
    const byData = { type: "image_url", image_url: { url } };
    expect(hints({ messages: [{ content: [byUrl, byData, byData, byUrl, byUrl] }] }).images).toBe(5);
    expect(hints({ messages: [{ images: [PNG, JPEG, PNG] }] }).images).toBe(3);
  });

  test("counts documents and audio for their size", () => {
    const source = { type: "base64", media_type: "application/pdf", data: PDF };
    const { promptBytes, images } = hints({ messages: [{ content: [{ type: "document", source }] }] });
    expect(images).toBe(Math.ceil(PDF.length / 131_072));
    expect(promptBytes).toBeLessThan(200);
    const wav = `UklGRiQAAABXQVZF${"Zm10".repeat(50_000)}`;
    expect(hints({ content: [{ type: "input_audio", input_audio: { data: wav, format: "wav" } }] }).images).toBe(2);
    const webp = `UklGRiQAAABXRUJQ${"Zm10".repeat(50_000)}`;
    expect(hints({ images: [webp] }).images).toBe(1);
  });

  test("is read where a writer escapes slashes", () => {
    const jpeg = JPEG.replaceAll("/", "\\/");
    for (const part of [
      `{"image_url":{"url":"data:image\\/jpeg;base64,${jpeg}"}}`,
      `{"inlineData":{"mimeType":"image\\/jpeg","data":"${jpeg}"}}`,
    ]) {
      const body = Buffer.from(`{"content":[${part}],"max_tokens":9}`);
      expect(readTokenHints(body)).toMatchObject({ images: 1, maxOutput: 9 });
      expect(readTokenHints(body).promptBytes).toBeLessThan(100);
    }
  });

  test("is not what only looks like it: base64 in a text, and text under a key for media", () => {
    for (const body of [
      { content: PNG },
      { content: [{ type: "text", text: url }] },
      { content: url },
      { tool: { data: "It is a truth universally acknowledged. ".repeat(50) } },
      { tool: { data: `${"A".repeat(200)} and something more ${"B".repeat(200)}` } },
      { url: `data:text/plain,${"a".repeat(500)}` },
      { data: "QUJD" },
    ]) {
      expect(hints(body)).toEqual({ promptBytes: JSON.stringify(body).length, images: 0, maxOutput: null });
    }
  });

  test("is bounded in number", () => {
    const many = `[${'{"type":"image"},'.repeat(50_000)}{}]`;
    expect(readTokenHints(Buffer.from(many)).images).toBe(4_000);
  });
});

describe("any body", () => {
  const KEYS = ["max_tokens", "num_predict", "maxOutputTokens", "n", "data", "type", "content", "options", "x", ""];
  const someText = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom('"max_tokens":5', "\\", '\\"', "image", "image_url", "{", "]", PNG.slice(0, 300)),
    fc.nat(200).map((count) => '\\"'.repeat(count)),
    fc.nat(200).map((count) => `${"a".repeat(count)}\\`),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      someText,
      fc.nat(100_000),
      fc.integer(),
      fc.double(),
      fc.constantFrom(null, true, false),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...KEYS), tie("tree"), { maxKeys: 4 }),
    ),
  }));
  const someBody = fc.dictionary(fc.constantFrom(...KEYS, "generationConfig"), tree, { maxKeys: 6 });

  test("gives what a parser would find at the same places", () => {
    fc.assert(
      fc.property(someBody, fc.constantFrom(0, 1), (body, indent) => {
        const text = JSON.stringify(body, null, indent);
        expect(readTokenHints(Buffer.from(text)).maxOutput).toBe(expectedOutput(JSON.parse(text) as JsonRecord));
      }),
      { ...RUNS, numRuns: RUNS.numRuns * 5 },
    );
  });

  test("gives bounded numbers, also where it is no JSON at all", () => {
    const someBytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(someBody, fc.nat(), fc.nat()).map(([body, from, to]) => {
        const whole = Buffer.from(JSON.stringify(body));
        return whole.subarray(from % (whole.length + 1), to % (whole.length + 1));
      }),
    );
    fc.assert(
      fc.property(someBytes, (body) => {
        const { promptBytes, images, maxOutput } = readTokenHints(body);
        expect(promptBytes).toBeWithin(0, body.length + 1);
        expect(images).toBeWithin(0, 4_001);
        expect(maxOutput ?? 0).toBeWithin(0, MAX_OUTPUT_TOKENS + 1);
      }),
      RUNS,
    );
  });
});

type JsonRecord = { readonly [key: string]: unknown };

/** The same by parsing. */
function expectedOutput(body: JsonRecord): number | null {
  let maxOutput: number | null = null;
  let choices = 1;
  const look = (object: unknown): void => {
    if (typeof object !== "object" || object === null || Array.isArray(object)) return;
    for (const [key, value] of Object.entries(object)) {
      if (typeof value !== "number" || value < 0) continue;
      const number = Math.min(MAX_OUTPUT_TOKENS, Math.floor(value));
      if (["max_tokens", "num_predict", "maxOutputTokens"].includes(key)) maxOutput = Math.max(maxOutput ?? 0, number);
      else if (key === "n") choices = Math.max(choices, number);
    }
  };
  look(body);
  for (const key of ["options", "generationConfig"]) look(body[key]);
  return maxOutput === null ? null : Math.min(MAX_OUTPUT_TOKENS, maxOutput * Math.min(128, choices));
}

describe("a prompt that certainly exceeds a model's window", () => {
  test("has more than 64 bytes for each token of it", () => {
    expect(certainlyExceeds(64 * 8_192, 0, 8_192)).toBe(false);
    expect(certainlyExceeds(64 * 8_192 + 64, 0, 8_192)).toBe(true);
    expect(certainlyExceeds(64 * 8_192, 1, 8_192)).toBe(true);
  });

  const line = "Привет, это пример текста для проверки. ";
  test.each([
    ["prose", "It is a truth universally acknowledged, that a single man must be in want of a wife. ".repeat(30)],
    ["code, deeply indented", `${" ".repeat(40)}return value;\n`.repeat(60)],
    ["a table, padded with blanks", `| ${"name".padEnd(200)} | ${"value".padEnd(200)} |\n`.repeat(20)],
    [
      "Cyrillic in escapes",
      [...line.repeat(20)].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
    ],
    ["lines of dashes", `${"-".repeat(64)}\n`.repeat(50)],
  ])("is never one that fits: %s", (_name, text) => {
    const spoken = text.startsWith("\\u") ? (JSON.parse(`"${text}"`) as string) : text;
    const body = Buffer.from(
      `{"messages":[{"role":"user","content":${text.startsWith("\\u") ? `"${text}"` : JSON.stringify(text)}}]}`,
    );
    for (const name of ["cl100k_base", "o200k_base"] as const) {
      const tokens = getEncoding(name).encode(spoken).length;
      expect(certainlyExceeds(readTokenHints(body).promptBytes, 0, tokens)).toBe(false);
    }
  });
});
