import { describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { Drain } from "../../src/listener/drain.ts";

function setUp(delayMs: number, timeoutMs: number, inFlightAtStart: number) {
  const clock = new SimulatedClock();
  const heard: string[] = [];
  const world = { inFlight: inFlightAtStart, onCut: () => {} };
  const hear = (what: string) => void heard.push(`${clock.nowMs()} ${what}`);
  const drain: Drain = new Drain({
    schedule: clock.schedule,
    settings: () => ({ delayMs, timeoutMs }),
    inFlight: () => world.inFlight,
    onNotReady: () => hear("not ready"),
    onStopAccepting: () => hear("stop accepting"),
    onCut() {
      hear("cut");
      world.onCut();
    },
    onDone: (exitCode) => hear(`done ${exitCode}`),
    onEndNow: () => hear("end now"),
  });
  const endOne = () => {
    world.inFlight--;
    drain.onExchangeEnded();
  };
  return { clock, drain, heard, world, endOne };
}

describe("a signal", () => {
  test("with nothing in flight and no delay ends in the same call", () => {
    const { clock, drain, heard } = setUp(0, 60_000, 0);
    expect(drain.isDraining).toBe(false);
    drain.signal();
    expect(heard).toEqual(["0 not ready", "0 stop accepting", "0 done 0"]);
    expect(drain.state).toBe("done");
    expect(clock.pending).toBe(0);
  });

  test("with a delay goes on accepting until it is over, even when nothing is in flight meanwhile", () => {
    const { clock, drain, heard, world, endOne } = setUp(5_000, 60_000, 1);
    drain.signal();
    expect(drain.state).toBe("draining");
    expect(drain.isDraining).toBe(true);
    endOne();
    clock.advance(4_999);
    expect(heard).toEqual(["0 not ready"]);
    world.inFlight = 1;
    clock.advance(1);
    expect(heard).toEqual(["0 not ready", "5000 stop accepting"]);
    expect(drain.state).toBe("refusing");
    endOne();
    expect(heard.at(-1)).toBe("5000 done 0");
    expect(clock.pending).toBe(0);
  });

  test("waits for the last of several exchanges", () => {
    const { clock, drain, heard, endOne } = setUp(0, 60_000, 3);
    drain.signal();
    for (let i = 0; i < 3; i++) {
      expect(drain.state).toBe("refusing");
      clock.advance(10_000);
      endOne();
    }
    expect(heard).toEqual(["0 not ready", "0 stop accepting", "30000 done 0"]);
  });
});

describe("the timeout", () => {
  test("counts from the moment new connections are refused, and cuts what is left", () => {
    const { clock, drain, heard, world, endOne } = setUp(5_000, 60_000, 2);
    world.onCut = () => {
      endOne();
      endOne();
    };
    drain.signal();
    clock.advance(64_999);
    expect(heard).toEqual(["0 not ready", "5000 stop accepting"]);
    clock.advance(1);
    expect(heard.slice(2)).toEqual(["65000 cut", "65000 done 0"]);
    expect(clock.pending).toBe(0);
  });

  test("gives those who were cut two seconds to take their error, then ends without them", () => {
    const { clock, drain, heard, endOne } = setUp(0, 60_000, 2);
    drain.signal();
    clock.advance(60_000);
    expect(drain.state).toBe("cutting");
    endOne();
    clock.advance(1_999);
    expect(heard.at(-1)).toBe("60000 cut");
    clock.advance(1);
    expect(heard.at(-1)).toBe("62000 done 0");
    endOne();
    expect(heard.filter((what) => what.endsWith("done 0"))).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("of zero cuts at the first chance", () => {
    const { clock, drain, heard } = setUp(0, 0, 1);
    drain.signal();
    clock.advance(0);
    expect(heard).toEqual(["0 not ready", "0 stop accepting", "0 cut"]);
  });
});

describe("a second signal", () => {
  test.each([
    ["draining", 100],
    ["refusing", 5_000],
    ["cutting", 65_000],
  ] as const)("while %s ends at once", (state, afterMs) => {
    const { clock, drain, heard, endOne } = setUp(5_000, 60_000, 1);
    drain.signal();
    clock.advance(afterMs);
    expect(drain.state).toBe(state);
    drain.signal();
    expect(heard.at(-1)).toBe(`${afterMs} end now`);
    expect(clock.pending).toBe(0);
    drain.signal();
    endOne();
    clock.advance(100_000);
    expect(heard.at(-1)).toBe(`${afterMs} end now`);
  });

  test("after the end changes nothing", () => {
    const { drain, heard } = setUp(0, 60_000, 0);
    drain.signal();
    drain.signal();
    expect(heard.at(-1)).toBe("0 done 0");
  });
});

test("an exchange that ends while running ends nothing else", () => {
  const { drain, heard, endOne } = setUp(0, 60_000, 1);
  endOne();
  expect(heard).toEqual([]);
  expect(drain.state).toBe("running");
});
