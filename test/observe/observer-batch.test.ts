import { expect, test } from "bun:test";
import type { ExchangeRecord } from "../../src/exchange.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { ObserverBatch } from "../../src/observe/observer-batch.ts";

const record = (requestId: string): ExchangeRecord => ({ requestId }) as ExchangeRecord;

function makeBatch() {
  const clock = new SimulatedClock();
  const heard: string[] = [];
  const observers = ["a", "b"].map((name) => ({
    onSettled: (each: ExchangeRecord) => void heard.push(`${name}${each.requestId}`),
  }));
  return { clock, heard, batch: new ObserverBatch(observers, clock.schedule) };
}

test("every observer hears every record once, in order, a tenth of a second later at the latest", () => {
  const { clock, heard, batch } = makeBatch();
  batch.onSettled(record("1"));
  batch.onSettled(record("2"));
  expect(heard).toEqual([]);
  clock.advance(100);
  expect(heard).toEqual(["a1", "a2", "b1", "b2"]);
  expect(clock.pending).toBe(0);
});

test("a flush tells all at once and leaves no timer", () => {
  const { clock, heard, batch } = makeBatch();
  batch.onSettled(record("1"));
  batch.flush();
  batch.flush();
  expect(heard).toEqual(["a1", "b1"]);
  expect(clock.pending).toBe(0);
});

test("is bounded: 256 records are told without waiting", () => {
  const { heard, batch } = makeBatch();
  for (let index = 0; index < 256; index++) batch.onSettled(record(`${index}`));
  expect(heard.length).toBe(512);
});
