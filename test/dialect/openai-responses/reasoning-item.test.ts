import { describe, expect, test } from "bun:test";
import type { Part } from "../../../src/dialect/neutral.ts";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import { readEncryptedContent, writeEncryptedContent } from "../../../src/dialect/openai-responses/reasoning-item.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, read } from "./fixtures.ts";

/** Parts of another API's answer as the caller gets them, sent back by it as they are, and read again. */
function thereAndBack(parts: readonly Part[]): readonly Part[] {
  const answer = openaiResponses.generate.writeAnswer(
    {
      dialect: "anthropic-messages",
      id: "msg_1",
      model: "claude",
      createdAt: null,
      choices: [{ index: 0, parts, finish: null, logprobs: null, extra: null }],
      usage: null,
      serviceTier: null,
      extra: null,
    },
    answerContext(),
  );
  const sent = JSON.parse(JSON.stringify(answer["output"])) as JsonObject[];
  return read({ model: "m", input: sent }).messages.flatMap((message) => message.parts);
}

describe("what other providers sign", () => {
  test("text with a signature comes back with it, as the provider's own words", () => {
    const [part] = thereAndBack([{ kind: "reasoning", text: "hm", signature: { owner: "anthropic", data: "sïg==" } }]);
    expect(part).toMatchObject({ kind: "reasoning", text: "hm", signature: { owner: "anthropic", data: "sïg==" } });
    expect(part).not.toHaveProperty("isSummary");
  });

  test("a signature without text is told from an encrypted block", () => {
    const parts = thereAndBack([
      { kind: "reasoning", text: "", signature: { owner: "anthropic", data: "sig" } },
      { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "redacted" } },
    ]);
    expect(parts[0]).toMatchObject({ signature: { owner: "anthropic", data: "sig" } });
    expect(parts[0]).not.toHaveProperty("encrypted");
    expect(parts[1]).toMatchObject({ encrypted: { owner: "anthropic", data: "redacted" } });
    expect(parts[1]).not.toHaveProperty("signature");
  });

  test("a signature of a call comes back on the call, one of a text on the text", () => {
    const parts = thereAndBack([
      { kind: "text", text: "see", signature: { owner: "google", data: "t" } },
      { kind: "tool-call", id: "a", name: "f", arguments: "{}", signature: { owner: "google", data: "c" } },
      { kind: "tool-call", id: "b", name: "f", arguments: "{}" },
    ]);
    expect(parts.map(({ kind }) => kind)).toEqual(["text", "tool-call", "tool-call"]);
    expect(parts[0]).toMatchObject({ signature: { owner: "google", data: "t" } });
    expect(parts[1]).toMatchObject({ id: "a", signature: { owner: "google", data: "c" } });
    expect(parts[2]).not.toHaveProperty("signature");
  });

  test("one field carries several", () => {
    const carried = {
      signature: { owner: "anthropic", data: "s" },
      encrypted: { owner: "cohere", data: "e" },
      next: { owner: "google", data: "n" },
      previous: { owner: "google", data: "p" },
    } as const;
    expect(readEncryptedContent(writeEncryptedContent(carried) ?? "")).toEqual(carried);
  });

  test("what OpenAI encrypted stands as it is", () => {
    expect(writeEncryptedContent({ encrypted: { owner: "openai", data: "gAAAA=" } })).toBe("gAAAA=");
    expect(readEncryptedContent("gAAAA=")).toEqual({ encrypted: { owner: "openai", data: "gAAAA=" } });
  });
});

describe("reasoning of another API", () => {
  test("is shown as a summary", () => {
    const answer = openaiResponses.generate.writeAnswer(
      {
        dialect: "openai-chat",
        id: null,
        model: null,
        createdAt: null,
        choices: [
          { index: 0, parts: [{ kind: "reasoning", text: "step" }], finish: null, logprobs: null, extra: null },
        ],
        usage: null,
        serviceTier: null,
        extra: null,
      },
      answerContext(),
    );
    expect(answer["output"]).toMatchObject([{ type: "reasoning", summary: [{ type: "summary_text", text: "step" }] }]);
  });
});

describe("reasoning that nothing signed or encrypted", () => {
  const part = { kind: "reasoning", text: "hm" } as const;
  const encryptedOf = (include: readonly string[]): unknown => {
    const request = read({ model: "m", input: "x", include });
    const answer = openaiResponses.generate.writeAnswer(
      {
        dialect: "cohere",
        id: null,
        model: null,
        createdAt: null,
        choices: [{ index: 0, parts: [part], finish: null, logprobs: null, extra: null }],
        usage: null,
        serviceTier: null,
        extra: null,
      },
      { ...answerContext(), request },
    );
    const [item] = answer["output"] as readonly JsonObject[];
    return item?.["encrypted_content"];
  };

  test("says so to a caller that asked for encrypted content, and to no other", () => {
    expect(encryptedOf(["reasoning.encrypted_content"])).toBe("llmux.none");
    expect(encryptedOf([])).toBeUndefined();
  });

  test("is read back as text alone", () => {
    expect(readEncryptedContent("llmux.none")).toEqual({});
  });
});
