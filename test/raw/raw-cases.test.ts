/** Plays every raw case, over TCP, written whole and split; README.md of this folder describes the format. */
import { afterAll, beforeAll, describe, test } from "bun:test";
import { writeDefaults } from "../instruments/one-attempt.ts";
import { auditPermits } from "../instruments/permit-audit.ts";
import { startGateway } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { DEADLINE_MS } from "../instruments/until.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import { readAllCases } from "./read-cases.ts";
import { echoRequest, runCase, type CaseEnvironment, type Writing } from "./run-case.ts";

let gateway: TestGateway;
let upstream: Upstream;
let environment: CaseEnvironment;

beforeAll(async () => {
  upstream = startUpstream({ respond: echoRequest });
  gateway = await startGateway({
    config: [
      "providers:",
      `  local: { provider: openai-compatible, dialects: [openai-chat, openai-responses], base_url: "http://127.0.0.1:${upstream.port}/v1" }`,
      "models:",
      "  m: { deployments: [ { provider: local, model: m } ] }",
      writeDefaults(),
      "",
    ].join("\n"),
  });
  environment = {
    target: { kind: "tcp", port: gateway.httpPort },
    upstream,
    settle: () => auditPermits(gateway, [upstream]),
  };
});

afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

const cases = readAllCases();
/** Above the deadline of every wait inside, so that a failure says what was waited for. */
const TIMEOUT_MS = 4 * DEADLINE_MS;

for (const file of new Set(cases.map((each) => each.file))) {
  describe(file, () => {
    for (const rawCase of cases.filter((each) => each.file === file)) {
      for (const writing of ["whole", "split"] satisfies Writing[]) {
        test(
          `${rawCase.name} (${writing}, line ${rawCase.line})`,
          async () => {
            await runCase(rawCase, writing, environment);
          },
          TIMEOUT_MS,
        );
      }
    }
  });
}
