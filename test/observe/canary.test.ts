import { expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import { Secret } from "../../src/lib/secret.ts";
import { Log } from "../../src/observe/log.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { sampleExchange } from "./sample-exchange.ts";

const CANARY = "sk-canary-0000000000000000";

/** Everything the log wrote after `use`, in both formats and at every level. */
async function writtenBy(use: (log: Log, secret: Secret) => void): Promise<string> {
  let written = "";
  for (const format of ["json", "text"] as const) {
    const log = new Log({
      level: "debug",
      format,
      write(_fd, bytes, _offset, length, _position, done) {
        written += bytes.toString();
        queueMicrotask(() => done(null, length));
      },
    });
    use(log, new Secret(CANARY));
    await log.close(1000);
  }
  return written;
}

test("a secret given to the log prints as three stars", async () => {
  const written = await writtenBy((log, secret) => log.info("loaded", { credential: secret, text: `key ${secret}` }));
  expect(written).not.toContain(CANARY);
  expect(written).toContain('"credential":"***","text":"key ***"');
});

test("a secret inside an object, an error or an exchange's error does not print", async () => {
  const written = await writtenBy((log, secret) => {
    const holder = { headers: { authorization: secret, raw: CANARY } };
    const error = Object.assign(new Error(`refused ${secret}`), { request: holder, cause: holder });
    log.error("odd", { holder: holder as unknown as string, list: [CANARY] as unknown as string, error });
    const failure = new GatewayError("upstream_error", "The provider refused.", { cause: error });
    log.onSettled(sampleExchange({ outcome: { kind: "failed", error: failure } }));
    log.onSettled(sampleExchange({ outcome: { kind: "failed", error: GatewayError.from(holder) } }));
  });
  expect(written).not.toContain(CANARY);
  expect(written).toContain("refused ***");
});

test("an exchange that carries more than its record should prints and counts only the record's fields", async () => {
  const loaded = { ...sampleExchange(), authorization: CANARY, body: { prompt: CANARY } };
  expect(await writtenBy((log) => log.onSettled(loaded))).not.toContain(CANARY);
  const metrics = new Metrics({
    version: "1.2.3",
    inFlight: () => [],
    config: () => ({ generation: 1, isInSync: true, reloads: [] }),
    deployments: () => [],
    pendingBytes: () => 0,
    evictedCallers: () => 0,
    logLinesDropped: () => 0,
    connections: () => [],
  });
  metrics.onSettled(loaded);
  const text = await metrics.render();
  expect(text).toContain("llm_requests_total{");
  expect(text).not.toContain(CANARY);
});
