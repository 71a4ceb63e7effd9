/** `x-llmux-trace` through the front door: for whom it is, and that it is always a harmless header. */
import { describe, expect, test } from "bun:test";
import * as faults from "../instruments/faults.ts";
import { answers } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { keyEntry, ONE, withKey, withKeys } from "./keys.ts";
import { type Headers, IN_ORDER, isWell, NO_BREAKER, RouteStage } from "./stage.ts";

const DEBUG = [["x-llmux-debug", "1"]] as const;
const traceOf = (answer: HttpMessage): string | null => answer.header("x-llmux-trace");
/** Of the 16 KiB that many clients allow an answer's head. */
const MAX_TRACE_CHARS = 4_096;

describe("the trace", () => {
  test("is for whom the key says so, for nobody else, and for everybody where there are no keys", async () => {
    const keys = [keyEntry("dev", { debug: true }), keyEntry("user"), keyEntry("off", { debug: false })];
    await RouteStage.with(withKeys(keys), async (stage) => {
      for (const [name, isTold] of [
        ["dev", true],
        ["user", false],
        ["off", false],
      ] as const) {
        for (const stream of [false, true]) {
          const answer = await stage.answer({ stream }, withKey(name, DEBUG));
          expect(isWell(answer)).toBe(true);
          expect(traceOf(answer) !== null).toBe(isTold);
        }
      }
      // Whoever is not let in hears nothing of deployments.
      for (const headers of [DEBUG, withKey("nobody", DEBUG)] as const) {
        const refused = await stage.answer({}, headers);
        expect([refused.status, traceOf(refused)]).toEqual([401, null]);
      }
    });
    await RouteStage.with(ONE, async (stage) => {
      expect(traceOf(await stage.answer({}, DEBUG))).toContain("only");
      expect(traceOf(await stage.answer())).toBeNull();
    });
  });

  test("tells who was asked, who failed and why, who was left out, and what came next", async () => {
    const model = { ...IN_ORDER, retries: 1, breaker: { consecutive: 1, open: "30s" } };
    await RouteStage.with({ model }, async (stage) => {
      stage.member("a").behave(answers(faults.serverError));
      const first = traceOf(await stage.answer({}, DEBUG)) ?? "";
      for (const part of ["m|a|m-a", "failed (server)", "m|b|m-b"]) expect(first).toContain(part);
      const second = traceOf(await stage.answer({}, DEBUG)) ?? "";
      expect(second).toMatch(/not m\|a\|m-a \([^)]*breaker/);
    });
  });

  test("comes with an error answer, too, once beside all other headers", async () => {
    const model = { ...IN_ORDER, retries: 0, breaker: NO_BREAKER, strategy: "tags" };
    await RouteStage.with({ model }, async (stage) => {
      const ruled = await stage.answer({}, [...DEBUG, ["x-llmux-tags", "moon"]]);
      expect(ruled.status).toBe(400);
      expect(ruled.all("x-llmux-trace").length).toBe(1);
      for (const member of stage.fleet.members) member.behave(answers(faults.resetBeforeHeaders));
      const failed = await stage.answer({}, DEBUG);
      expect(failed.status).toBe(502);
      expect(traceOf(failed)).toContain("failed");
    });
  });

  test("and the headers that ask for it are not the provider's business", async () => {
    await RouteStage.with(ONE, async (stage) => {
      await stage.answer({}, [...DEBUG, ["x-llmux-tags", "t"], ["x-llmux-priority", "low"]]);
      const { message } = stage.member("only").upstream.lastRequest;
      expect(message.headers.filter(([name]) => name.toLowerCase().startsWith("x-llmux"))).toEqual([]);
      // Neither is a provider's word taken for ours.
      stage
        .member("only")
        .behave(
          answers(() =>
            faults
              .serverError()
              .map((step) =>
                step.kind === "head"
                  ? { ...step, headers: [...step.headers, ["x-llmux-trace", "theirs"] as const] }
                  : step,
              ),
          ),
        );
      const answer = await stage.answer({ stream: false }, [["x-llmux-fallbacks", "off"]]);
      expect(answer.text).toContain("server_error");
      expect(answer.all("x-llmux-trace")).not.toContain("theirs");
    });
  });

  test("is bounded and printable, whatever names and callers say", async () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      provider: "only",
      model: `${"a very long model's name; with: a “quote” and a line's end ".repeat(2)}${index}`,
      tags: ["rare"],
    }));
    const model = { strategy: { name: "tags", default: ["rare"] }, deployments: many };
    await RouteStage.with({ ...ONE, model }, async (stage) => {
      const hostile: Headers[] = [
        [...DEBUG],
        [...DEBUG, ["x-llmux-tags", "caf\u00e9 \u00ff; x-injected: yes"]],
        [
          ["x-llmux-debug", "true"],
          ["x-llmux-tags", "none"],
        ],
      ];
      for (const headers of hostile) {
        const answer = await stage.answer({ user: "\r\nx: y" }, headers);
        const trace = traceOf(answer) ?? "";
        expect(trace.length).toBeGreaterThan(0);
        expect(trace.length).toBeLessThanOrEqual(MAX_TRACE_CHARS);
        expect(trace).toMatch(/^[\x20-\x7e]+$/);
        expect(answer.header("x-injected")).toBeNull();
      }
    });
  });
});
