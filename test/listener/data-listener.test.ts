/** The data listeners: two addresses, one handler; connections bounded together. */
import { describe, expect, test } from "bun:test";
import * as faults from "../instruments/faults.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { until } from "../instruments/until.ts";
import { Stage, writeChat } from "../gateway/stage.ts";

const OVER = ["tcp", "unix"] as const;

describe("both data listeners", () => {
  test("serve the same: requests, streams, errors, probes", async () => {
    await Stage.with({}, async (stage) => {
      const answers: { readonly status: number; readonly text: string }[] = [];
      for (const over of OVER) {
        const caller = await stage.connect(over);
        for (const [index, request] of [
          writeChat(),
          writeChat({ stream: true }),
          writeChat({ model: "unknown" }),
          "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n",
          "GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n",
          "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
        ].entries()) {
          await caller.send(request);
          const answer = await caller.readAnswer(index);
          answers.push({ status: answer.status, text: answer.text });
        }
      }
      expect(answers.slice(0, 6)).toEqual(answers.slice(6));
      expect(answers.slice(0, 6).map((answer) => answer.status)).toEqual([200, 200, 404, 200, 200, 200]);
    });
  });

  test("probes are no exchanges: they are not counted and take no place", async () => {
    await Stage.with({ config: { limits: { max_concurrent: 1 } } }, async (stage) => {
      stage.upstream.respond = () => faults.blackhole();
      await stage.ask();
      await stage.upstream.waitForRequests(1);
      for (const over of OVER) {
        const caller = await stage.connect(over);
        for (const [index, method] of ["GET", "HEAD"].entries()) {
          caller.expectAnswerTo(method);
          await caller.send(`${method} /health/ready?x=1 HTTP/1.1\r\nhost: x\r\n\r\n`);
          const answer = await caller.readAnswer(index);
          expect([answer.status, answer.body.length > 0]).toEqual([200, method === "GET"]);
        }
      }
      expect(await sumMetric(stage.gateway, "llm_requests_total")).toBe(0);
    });
  });
});

describe("limits.max_connections", () => {
  test("counts over both listeners: the next is closed at once, and one that ends makes room", async () => {
    await Stage.with({ config: { limits: { max_connections: 3 } } }, async (stage) => {
      const open = [await stage.connect("tcp"), await stage.connect("unix"), await stage.connect("tcp")];
      for (const caller of open) {
        await caller.send(writeChat());
        expect((await caller.readAnswer()).status).toBe(200);
      }
      expect(await sumMetric(stage.gateway, "llm_connections", { side: "caller" })).toBe(3);
      for (const over of OVER) {
        const refused = await stage.connect(over);
        await refused.waitForEnd();
        expect(refused.received.length).toBe(0);
      }
      // Those who are in are not disturbed.
      for (const caller of open) {
        await caller.send(writeChat());
        expect((await caller.readAnswer(1)).status).toBe(200);
      }
      open[0]?.close();
      await until("room", async () => (await sumMetric(stage.gateway, "llm_connections", { side: "caller" })) === 2);
      const next = await stage.connect("unix");
      await next.send(writeChat());
      expect((await next.readAnswer()).status).toBe(200);
    });
  });

  test("follows a reload", async () => {
    await Stage.with({ config: { limits: { max_connections: 1 } } }, async (stage) => {
      const first = await stage.connect();
      await first.send(writeChat());
      await first.readAnswer();
      await stage.reload({ config: { limits: { max_connections: 2 } } });
      const second = await stage.connect();
      await second.send(writeChat());
      expect((await second.readAnswer()).status).toBe(200);
      await (await stage.connect()).waitForEnd();
    });
  });

  test("is not used up by callers that come and go, however they go", async () => {
    await Stage.with({ config: { limits: { max_connections: 2 } } }, async (stage) => {
      for (let round = 0; round < 30; round++) {
        const caller = await stage.connect(OVER[round % 2] as "tcp" | "unix");
        if (round % 3 === 0) await caller.send("POST /v1/chat");
        if (round % 3 === 1) await caller.send(writeChat());
        caller[(["abort", "close", "halfClose"] as const)[round % 3] as "abort" | "close" | "halfClose"]();
        await until(
          "it to be gone",
          async () => (await sumMetric(stage.gateway, "llm_connections", { side: "caller" })) === 0,
        );
      }
      expect((await stage.answer()).status).toBe(200);
    });
  });
});
