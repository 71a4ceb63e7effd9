import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatCompletion } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import { answerRequest, Stage, type StageOptions } from "../gateway/stage.ts";

/** A provider on a Unix socket, e.g. a model server in the same pod. */
async function withUnixUpstream(prefix: string, run: (stage: Stage, local: Upstream) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "llmux-test-"));
  const path = join(folder, "model.sock");
  const local = startUpstream({ respond: answerRequest, listen: { kind: "unix", path } });
  const options: StageOptions = { baseUrl: () => `unix:${path}${prefix}` };
  try {
    await Stage.with(options, (stage) => run(stage, local));
  } finally {
    local.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("a provider on a Unix socket", () => {
  test("is asked at its path's prefix, as localhost, on kept connections", async () => {
    await withUnixUpstream(":/v1", async (stage, local) => {
      for (let round = 0; round < 3; round++) expect((await stage.answer()).status).toBe(200);
      const { message } = local.lastRequest;
      expect([message.target, message.header("host")]).toEqual(["/v1/chat/completions", "localhost"]);
      expect(local.totalConnections).toBe(1);
    });
  });

  test("without a prefix is asked at the root", async () => {
    await withUnixUpstream("", async (stage, local) => {
      expect((await stage.answer({ stream: true })).text).toEndWith("data: [DONE]\n\n");
      expect(local.lastRequest.message.target).toBe("/chat/completions");
    });
  });

  test("that restarts is reached again: the dead connection is replaced once", async () => {
    await withUnixUpstream("", async (stage, local) => {
      await stage.answer();
      local.respond = ({ indexOnConnection }) => (indexOnConnection > 0 ? [{ kind: "rst" }] : chatCompletion());
      expect((await stage.answer()).status).toBe(200);
      expect(local.totalConnections).toBe(2);
    });
  });

  test("is let go when the caller leaves", async () => {
    await withUnixUpstream("", async (stage, local) => {
      local.respond = () => faults.blackhole();
      const caller = await stage.ask();
      await local.waitForRequests(1);
      caller.close();
      await local.waitForNoConnections();
    });
  });

  test("that is not there is an error of its own", async () => {
    await Stage.with({ baseUrl: () => "unix:/nonexistent/model.sock" }, async (stage) => {
      const answer = await stage.answer();
      expect([answer.status, answer.json()]).toMatchObject([502, { error: { code: "upstream_error" } }]);
      expect(answer.text).not.toContain("/nonexistent");
      expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "connect" })).toBe(1);
    });
  });
});
