/** A gateway between a caller and providers of which all but one are ill; what every fault test stands on. */
import { answerFor } from "../instruments/answers.ts";
import { testCertificates } from "../instruments/certificates.ts";
import * as faults from "../instruments/faults.ts";
import { writeDefaults } from "../instruments/one-attempt.ts";
import { auditPermits, sumMetric } from "../instruments/permit-audit.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import { startGateway } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";
import { findClosedPort, startUpstream, type Upstream } from "../instruments/upstream.ts";

/** Short, because the tests wait for them; long enough for two slow cores. */
export const TIMEOUT_MS = 500;

export type Ward = {
  readonly gateway: TestGateway;
  /** Plays whatever fault a test gives it. */
  readonly sick: Upstream;
  readonly well: Upstream;
  readonly all: readonly Upstream[];
};

/** Starts the gateway, the sick provider, the well one, and those that fail before HTTP begins. */
export async function openWard(): Promise<Ward> {
  const { caPem, server, stranger, otherName, expired } = testCertificates();
  const respond = () => faults.blackhole();
  const sick = startUpstream({ respond });
  const well = startUpstream({
    respond: ({ message }) => answerFor(message.target, message.text.includes('"stream":true')),
  });
  const behindTls = {
    "tls-trusted": startUpstream({ respond: well.respond, tls: server }),
    "tls-stranger": startUpstream({ respond, tls: stranger }),
    "tls-other-name": startUpstream({ respond, tls: otherName }),
    "tls-expired": startUpstream({ respond, tls: expired }),
    "tls-plaintext": startUpstream({ respond, planConnection: faults.plaintextOnTls }),
    "tls-garbage": startUpstream({ respond, planConnection: faults.handshakeGarbage }),
    "tls-silent": startUpstream({ respond, planConnection: faults.handshakeSilence }),
    "tls-reset": startUpstream({ respond, planConnection: faults.resetOnAccept }),
  };
  const entries = [
    ["sick", `http://127.0.0.1:${sick.port}/v1`],
    ["well", `http://127.0.0.1:${well.port}/v1`],
    ["refusing", `http://127.0.0.1:${findClosedPort()}/v1`],
    ["unknown-name", "http://no-such-host.invalid/v1"],
    ...Object.entries(behindTls).map(([name, upstream]) => [name, `https://localhost:${upstream.port}/v1`]),
  ];
  const lines = entries.map(
    ([name, url]) =>
      `  ${name}: { provider: openai-compatible, dialects: [openai-chat, openai-responses], base_url: "${url}", tls: { ca: ${JSON.stringify(caPem)} } }`,
  );
  const models = entries.map(([name]) => `  ${name}: { deployments: [ { provider: ${name}, model: ${name} } ] }`);
  const limit = `${TIMEOUT_MS}ms`;
  const timeouts = { connect: limit, first_byte: limit, idle: limit, total: "20s" };
  const gateway = await startGateway({
    config: [
      "providers:",
      ...lines,
      "models:",
      ...models,
      // One attempt each: what a fault does to the caller is the matter here, not what saves it.
      writeDefaults({ timeouts }),
      "drain: { timeout: 1s }",
      "",
    ].join("\n"),
  });
  return { gateway, sick, well, all: [sick, well, ...Object.values(behindTls)] };
}

export async function closeWard(ward: Ward): Promise<void> {
  await ward.gateway.stop();
  for (const upstream of ward.all) upstream.stop();
}

/** After every test: the well provider serves as ever, nothing is held, nothing broken was written upstream. */
export async function checkWard(ward: Ward): Promise<void> {
  const client = await ask(ward, "well", { isStream: true });
  const answer = await client.readAnswer();
  client.close();
  if (answer.status !== 200 || !answer.text.endsWith("data: [DONE]\n\n")) {
    throw new Error(`the well provider should answer as ever; ${client.describe()}`);
  }
  try {
    await auditPermits(ward.gateway, ward.all);
  } finally {
    // What one test has seen must not fail the next one.
    for (const upstream of ward.all) upstream.forget();
  }
}

export type Question = { readonly isStream: boolean; readonly padding?: number };

/** The body that `ask` sends; usage is asked for, so that the gateway has no reason to touch the stream. */
export function writeQuestion(model: string, question: Question): string {
  return JSON.stringify({
    model,
    ...(question.isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
    messages: [{ role: "user", content: `Hello.${" ".repeat(question.padding ?? 0)}` }],
  });
}

/** Sends one chat completion and gives the connection it was sent on. */
export async function ask(ward: Ward, model: string, question: Question): Promise<RawClient> {
  const client = await RawClient.connect({ kind: "tcp", port: ward.gateway.httpPort });
  await client.send(writePost("/v1/chat/completions", writeQuestion(model, question)));
  return client;
}

/** Waits until there is a whole answer or the connection has ended. */
export async function waitForOutcome(client: RawClient): Promise<void> {
  await until(`an answer or an end; ${client.describe()}`, () => client.answers.length > 0 || client.end !== "open");
}

/** Runs something and says by how much each error type of a provider has grown meanwhile. */
export async function countErrors(
  ward: Ward,
  provider: string,
  types: readonly string[],
  run: () => Promise<void>,
): Promise<number> {
  const sum = async (): Promise<number> => {
    let total = 0;
    for (const type of types) {
      total += await sumMetric(ward.gateway, "llm_upstream_error_total", { provider, error_type: type });
    }
    return total;
  };
  const before = await sum();
  await run();
  await auditPermits(ward.gateway, ward.all);
  return (await sum()) - before;
}
