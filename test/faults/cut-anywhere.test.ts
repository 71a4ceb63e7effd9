/** A stream that ends before its end, at any byte: never shown as finished, and every byte that came is there. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chatStream, chatStreamEvents } from "../instruments/answers.ts";
import { countBytes, cutAt, encodeStep, type Script, type Step } from "../instruments/script.ts";
import { ask, checkWard, closeWard, openWard, waitForOutcome, type Ward } from "./faulty-providers.ts";

let ward: Ward;
beforeAll(async () => {
  ward = await openWard();
});
afterAll(() => closeWard(ward));
afterEach(() => checkWard(ward));

const WHOLE: Script = chatStream({ chunks: ["Hé", "llo"] });
const PAYLOAD = chatStreamEvents({ chunks: ["Hé", "llo"] }).join("");
const HEAD_BYTES = encodeStep(WHOLE[0] as Step)?.length ?? 0;
/** Prime, so that the cuts fall everywhere; the last bytes are cut one by one. */
const STEP_BYTES = 11;

/** The size line of the first chunk, and the payload that is too little to tell an answer from an error. */
const UNCLEAR_BYTES = 40;

function chooseCuts(): number[] {
  const bytes = countBytes(WHOLE);
  const cuts: number[] = [];
  for (let at = 1; at < bytes - 24; at += STEP_BYTES) cuts.push(at);
  for (let at = bytes - 24; at < bytes; at += 1) cuts.push(at);
  return cuts;
}

describe("a stream cut", () => {
  for (const ending of ["fin", "rst"] as const) {
    test(`by a ${ending} at any byte is an error or a broken end`, async () => {
      for (const at of chooseCuts()) {
        ward.sick.respond = () => cutAt(WHOLE, at, { kind: ending });
        const client = await ask(ward, "sick", { isStream: true });
        await waitForOutcome(client);
        const context = `cut after ${at} bytes; ${client.describe()}`;
        const [message] = client.messages;
        if (message === undefined) throw new Error(context);
        if (message.status === 502) {
          // Only where no payload had reached the caller: before an event's first word it is held, since it may be an error.
          // A reset may overtake what was sent before it.
          expect(ending === "rst" || at <= HEAD_BYTES + UNCLEAR_BYTES, context).toBe(true);
          expect(message.isComplete, context).toBe(true);
        } else {
          expect([message.status, message.isComplete], context).toEqual([200, false]);
          const split = message.text.lastIndexOf('data: {"error"');
          expect(split, context).toBeGreaterThanOrEqual(0);
          // An event cut short is closed by an empty line before the error event.
          const came = message.text.slice(0, split).replace(/\n\n$/, "");
          expect(PAYLOAD.startsWith(came.replace(/\n+$/, "")), context).toBe(true);
        }
        client.close();
      }
    });
  }

  test("nowhere is whole", async () => {
    ward.sick.respond = () => WHOLE;
    const client = await ask(ward, "sick", { isStream: true });
    expect((await client.readAnswer()).text).toBe(PAYLOAD);
    client.close();
  });
});
