/** Prompts that certainly do not fit: known before anything is sent, and said in the caller's own words. */
import { describe, expect, test } from "bun:test";
import { SILENT } from "../instruments/fleet.ts";
import { codeOf, type Entry, IN_ORDER, isWell, RouteStage, type StageOptions } from "./stage.ts";

const TEXT = "many words ".repeat(20_000);
const LONG = [{ role: "user", content: TEXT }];
const NO_FALLBACKS = [["x-llmux-fallbacks", "off"]] as const;

const windows = (model: Entry, sizes: Readonly<Record<string, number>>, more: StageOptions = {}): StageOptions => ({
  members: ["a", "b"],
  ...more,
  model: { ...IN_ORDER, ...model },
  deployments: Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, { context_window: size }])),
});
const spare = (provider: string, size: number): Entry => ({
  deployments: [{ provider, model: "spare-there", context_window: size }],
});

/** The model `m` at `a` alone, which is too small. */
const alone = (more: Entry = {}, rest: StageOptions = {}): StageOptions => ({
  ...windows({ deployments: [{ provider: "a", model: "m-a", context_window: 1_000 }], ...more }, {}),
  ...rest,
});

describe("a prompt that certainly does not fit", () => {
  test("goes to the deployment with the larger window, whatever the order", async () => {
    await RouteStage.with(windows({}, { a: 1_000, b: 1_000_000 }), async (stage) => {
      for (const stream of [false, true]) expect(isWell(await stage.answer({ messages: LONG, stream }))).toBe(true);
      expect(stage.asked).toEqual([0, 2]);
      expect(isWell(await stage.answer())).toBe(true);
      expect(stage.asked).toEqual([1, 2]);
    });
  });

  test("goes to context_window_fallbacks, over one that is too small as well, and not to fallbacks", async () => {
    const model = { context_window_fallbacks: ["small", "large"], fallbacks: ["other"] };
    const models = { small: spare("b", 1_500), large: spare("c", 1_000_000), other: spare("b", 1_000_000) };
    await RouteStage.with(alone(model, { members: ["a", "b", "c"], models }), async (stage) => {
      expect(isWell(await stage.answer({ messages: LONG }))).toBe(true);
      expect(stage.asked).toEqual([0, 0, 1]);
      const forbidden = await stage.answer({ messages: LONG }, NO_FALLBACKS);
      expect([forbidden.status, codeOf(forbidden)]).toEqual([400, "context_length_exceeded"]);
      expect(stage.asked).toEqual([0, 0, 1]);
    });
  });

  test("is 400 where there is no such chain, in each caller's dialect, and nobody is asked", async () => {
    await RouteStage.with(alone(), async (stage) => {
      const ask = async (path: string, body: Entry, headers: readonly (readonly [string, string])[] = []) => {
        const caller = await stage.send(path, body, headers);
        const answer = await caller.readAnswer();
        expect([answer.status, answer.header("x-llmux-error-source")]).toEqual([400, "gateway"]);
        return answer.json();
      };
      for (const stream of [false, true]) {
        expect(await ask("/v1/chat/completions", { model: "m", messages: LONG, stream })).toMatchObject({
          error: { type: "invalid_request_error", code: "context_length_exceeded", param: "messages" },
        });
      }
      expect(await ask("/v1/responses", { model: "m", input: TEXT })).toMatchObject({
        error: { type: "invalid_request_error", code: "context_length_exceeded" },
      });
      const anthropic = [["anthropic-version", "2023-06-01"]] as const;
      expect(await ask("/v1/messages", { model: "m", max_tokens: 9, messages: LONG }, anthropic)).toMatchObject({
        type: "error",
        error: { type: "invalid_request_error", message: expect.stringContaining("context window") },
      });
      const contents = [{ role: "user", parts: [{ text: TEXT }] }];
      for (const verb of ["generateContent", "streamGenerateContent?alt=sse"]) {
        expect(await ask(`/v1beta/models/m:${verb}`, { contents })).toMatchObject({
          error: { code: 400, status: "INVALID_ARGUMENT", message: expect.stringContaining("context window") },
        });
      }
      expect(stage.asked).toEqual([0, 0]);
    });
  });

  test("is known to be too long for the deployment that is full or out, too: it waits for nobody in vain", async () => {
    const options = windows({}, { a: 1_000, b: 2_000 }, { provider: { max_concurrent: 1 } });
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(SILENT);
      await stage.ask();
      await stage.member("a").waitForRequests(1);
      const answer = await stage.answer({ messages: LONG });
      expect([answer.status, codeOf(answer)]).toEqual([400, "context_length_exceeded"]);
      expect(stage.asked).toEqual([1, 0]);
    });
  });

  test("an image's bytes are not taken for text", async () => {
    const png = `data:image/png;base64,iVBORw0KGgo${"A".repeat(500_000)}`;
    const messages = [{ role: "user", content: [{ type: "image_url", image_url: { url: png } }] }];
    await RouteStage.with(windows({}, { a: 4_000 }, { members: ["a"] }), async (stage) => {
      expect(isWell(await stage.answer({ messages }))).toBe(true);
      expect((await stage.answer({ messages: LONG })).status).toBe(200);
    });
  });
});
