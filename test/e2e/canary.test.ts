/**
 * P11: whatever happens, no secret and no prompt is found in what the executable says: its log and stderr, `/metrics`,
 * `/status`, and the errors it answers with; not as it is, nor in Base64 or URL encoding.
 */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatCompletion, chatStream, errorAnswer } from "../instruments/answers.ts";
import { testCertificates } from "../instruments/certificates.ts";
import { findExecutable, startExecutable } from "../instruments/executable.ts";
import * as faults from "../instruments/faults.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import type { Script } from "../instruments/script.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";
import { findClosedPort, startUpstream } from "../instruments/upstream.ts";
import { startFakeProxy } from "../wire/fake-proxy.ts";

const executable = findExecutable();

/** Each holds bytes that Base64 and URLs write differently. */
const CANARIES = {
  providerKey: "sk-canary~key/one+example==",
  environmentKey: "sk-canary~environment/two+example==",
  fileKey: "sk-canary~file/three+example==",
  proxyPassword: "canary~proxy/four+example==",
  callerKey: "sk-canary~caller/five+example==",
  headerValue: "canary~header/six+example==",
  rejectedKey: "sk-canary~rejected/seven+example==",
  prompt: "canary prompt & <eight> /é?",
  answer: "canary answer & <nine> /é?",
} as const;

/** The forms a text could be found in: as it is, in JSON, URL-encoded, and in Base64 wherever it begins in what is encoded. */
function formsOf(text: string): string[] {
  const forms = [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), encodeURI(text)];
  const bytes = Buffer.from(text);
  for (const encoding of ["base64", "base64url"] as const) {
    for (let before = 0; before < 3; before++) {
      const encoded = Buffer.concat([Buffer.alloc(before, "x"), bytes]).toString(encoding);
      // The characters that the text's own bits fill.
      forms.push(encoded.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3)));
    }
  }
  return [...new Set(forms)];
}

/** Which canaries a text holds, by name. */
function findCanaries(text: string): string[] {
  return Object.entries(CANARIES)
    .filter(([, canary]) => formsOf(canary).some((form) => text.includes(form)))
    .map(([name]) => name);
}

type Places = { readonly upstream: number; readonly tls: number; readonly proxy: number; readonly closed: number };

/** A provider for every way to fail, each with a secret. */
function writeConfig(places: Places, keyFile: string): string {
  const secret = { api_key: CANARIES.providerKey, provider: "openai-compatible" };
  const password = encodeURIComponent(CANARIES.proxyPassword);
  const providers = {
    good: {
      ...secret,
      base_url: `http://127.0.0.1:${places.upstream}/v1`,
      headers: { "x-extra": CANARIES.headerValue },
    },
    environment: { ...secret, api_key: "${CANARY_KEY}", base_url: `http://127.0.0.1:${places.upstream}/v1` },
    file: { ...secret, api_key: { file: keyFile }, base_url: `http://127.0.0.1:${places.upstream}/v1` },
    refused: { ...secret, base_url: `http://127.0.0.1:${places.closed}/v1` },
    tls: { ...secret, base_url: `https://localhost:${places.tls}/v1` },
    proxied: {
      ...secret,
      base_url: "https://other.example.com/v1",
      proxy: `http://user:${password}@127.0.0.1:${places.proxy}`,
    },
    unproxied: {
      ...secret,
      base_url: "https://other.example.com/v1",
      proxy: `http://user:${password}@127.0.0.1:${places.closed}`,
    },
  };
  const models = Object.fromEntries(
    Object.keys(providers).map((provider) => [provider, { deployments: [{ provider, model: "example" }] }]),
  );
  const sections = { providers, models, log: { level: "debug" } };
  return Object.entries(sections)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join("");
}

/** Invalid, each with a secret near what is wrong. */
function writeInvalidConfigs(good: string): string[] {
  const { rejectedKey } = CANARIES;
  const provider = (fields: object): string =>
    `${good.replace(/^providers: .*\n/m, "")}providers: ${JSON.stringify({ good: { provider: "openai-compatible", base_url: "http://127.0.0.1:1/v1", ...fields } })}\n`;
  return [
    provider({ api_keyy: rejectedKey }),
    provider({ api_key: [rejectedKey] }),
    provider({ api_key: { value: rejectedKey } }),
    provider({ api_key: `${rejectedKey}\n` }),
    provider({ api_key: rejectedKey, api_keys: [rejectedKey] }),
    provider({ headers: { "x-extra": `${rejectedKey}\u0001` } }),
    provider({ proxy: `socks5://user:${encodeURIComponent(rejectedKey)}@127.0.0.1:1` }),
    provider({ base_url: `http://user:${encodeURIComponent(rejectedKey)}@127.0.0.1:1/v1` }),
    `${good}log: { level: info }\nproviders: { good: { api_key: "${rejectedKey}" }\n`,
  ];
}

type Said = { readonly status: number; readonly text: string };

/** One exchange; what the caller got, head and body, without what the provider itself answered with. */
async function ask(gateway: TestGateway, model: string, isStream: boolean): Promise<Said> {
  const client = await RawClient.connect({ kind: "tcp", port: gateway.httpPort });
  try {
    const body = { model, stream: isStream, messages: [{ role: "user", content: CANARIES.prompt }] };
    const headers = [["authorization", `Bearer ${CANARIES.callerKey}`]] as const;
    await client.send(writePost("/v1/chat/completions", JSON.stringify(body), { headers }));
    await until("an answer or an end", () => client.messages[0]?.isComplete === true || client.end !== "open");
    return { status: client.messages[0]?.status ?? 0, text: client.received.toString() };
  } finally {
    client.close();
  }
}

describe.skipIf(executable === null)("canaries (needs dist/llmux)", () => {
  test("each form of a canary is found where it is", () => {
    for (const [name, canary] of Object.entries(CANARIES)) {
      for (const text of [canary, JSON.stringify({ canary }), encodeURIComponent(canary)]) {
        expect(findCanaries(`before ${text} after`)).toEqual([name]);
      }
      for (const before of ["", "a", "ab", "user:"]) {
        for (const encoding of ["base64", "base64url"] as const) {
          expect(findCanaries(Buffer.from(`${before}${canary}:after`).toString(encoding))).toEqual([name]);
        }
      }
    }
    expect(findCanaries("sk-example and other text")).toEqual([]);
  });

  test("no secret and no prompt is in anything the executable says, whatever happens", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llmux-canary-"));
    const keyFile = join(folder, "key");
    writeFileSync(keyFile, `${CANARIES.fileKey}\n`);
    const { stranger } = testCertificates();
    const upstream = startUpstream({ respond: () => chatCompletion() });
    const tls = startUpstream({ respond: () => chatCompletion(), tls: stranger });
    const proxy = await startFakeProxy({
      toPort: 1,
      answer: "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
    });
    const places = { upstream: upstream.port, tls: tls.port, proxy: proxy.port, closed: findClosedPort() };
    const config = writeConfig(places, keyFile);
    const env = { CANARY_KEY: CANARIES.environmentKey };
    const gateway = await startExecutable(executable ?? "", { config, env });
    const said: string[] = [];
    try {
      // What the provider answered passes untouched; the canary in it may be in the caller's answer and nowhere else.
      for (const model of ["good", "environment", "file"]) {
        for (const isStream of [false, true]) {
          upstream.respond = () =>
            isStream ? chatStream({ chunks: [CANARIES.answer] }) : chatCompletion({ content: CANARIES.answer });
          const { status, text } = await ask(gateway, model, isStream);
          expect(status).toBe(200);
          expect(findCanaries(text)).toEqual(["answer"]);
        }
      }
      const arrived = upstream.requests.map(({ message }) => message.header("authorization"));
      const { providerKey, environmentKey, fileKey } = CANARIES;
      expect(arrived).toEqual(
        [providerKey, environmentKey, fileKey].flatMap((key) => [`Bearer ${key}`, `Bearer ${key}`]),
      );

      const refusal = {
        message: "Incorrect API key provided.",
        type: "invalid_request_error",
        code: "invalid_api_key",
      };
      const failing: readonly (readonly [script: () => Script, isStream: boolean])[] = [
        [() => errorAnswer(401, refusal), false],
        [() => errorAnswer(403, refusal), true],
        [faults.rateLimitedSeconds, false],
        [faults.serverError, false],
        [faults.htmlAnswer, true],
        [faults.garbage, false],
        [faults.hugeHead, false],
        [faults.redirectElsewhere, false],
        [faults.truncatedJson, false],
        [faults.finBeforeHeaders, false],
        [faults.resetInsideHeaders, true],
        [faults.badChunkSize, true],
        [faults.finMidStream, true],
        [faults.finInsideChunk, true],
        [faults.missingFinish, true],
        [faults.errorEventMidStream, true],
      ];
      for (const [script, isStream] of failing) {
        upstream.respond = script;
        said.push((await ask(gateway, "good", isStream)).text);
      }
      for (const model of ["refused", "tls", "proxied", "unproxied"]) {
        const { status, text } = await ask(gateway, model, false);
        expect([model, status]).toEqual([model, 502]);
        said.push(text);
      }
      // The proxy did get its password: it is in the encoded form that is looked for.
      expect(findCanaries(Buffer.from(proxy.heads[0] ?? "").toString())).toContain("proxyPassword");
      said.push((await ask(gateway, "unknown", false)).text);

      for (const invalid of writeInvalidConfigs(config)) {
        await gateway.writeConfig(config);
        process.kill(gateway.pid, "SIGHUP");
        await until("the good config", async () => (await readStatus(gateway)).includes('"in_sync":true'));
        await gateway.writeConfig(invalid);
        process.kill(gateway.pid, "SIGHUP");
        await until(
          "the invalid config to be refused",
          async () => !(await readStatus(gateway)).includes('"error":null'),
        );
        said.push(await readStatus(gateway));
      }
      said.push(await (await fetch(`http://127.0.0.1:${gateway.opsPort}/metrics`)).text());
      said.push(await (await fetch(`http://127.0.0.1:${gateway.opsPort}/health/ready`)).text());
    } finally {
      await gateway.stop();
      upstream.stop();
      tls.stop();
      proxy.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    // One for each exchange, and those of the reloads: the log was not empty.
    expect(gateway.logs.length).toBeGreaterThan(30);
    for (const text of [...said, ...gateway.logs])
      expect({ text, canaries: findCanaries(text) }).toEqual({ text, canaries: [] });
  }, 60_000);
});

async function readStatus(gateway: TestGateway): Promise<string> {
  return JSON.stringify(await (await fetch(`http://127.0.0.1:${gateway.opsPort}/status`)).json());
}
