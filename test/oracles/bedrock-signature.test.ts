/** AWS signatures, both ways: what the SDK signed, signed by us, and what the gateway signed, signed by the SDK. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, createHmac, type Hash } from "node:crypto";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Checksum, SourceData } from "@smithy/types";
import { makeStaticCredentials } from "../../src/provider/aws/credentials.ts";
import { RequestSigner } from "../../src/provider/aws/sigv4.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { asChat } from "./callers.ts";
import { OracleStage } from "./stage.ts";

const ACCESS_KEY = "AKIDEXAMPLE";
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtoken+/=";
const REGION = "eu-central-1";

/** Their names stand in the path, and are encoded once on the wire and twice in what is signed. */
const MODELS = [
  "amazon.nova-pro-v1:0",
  "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123",
  "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
  "a model's name (with signs!) ~*",
];
const TEXTS = ["Hello.", "Grüße — 你好 👋", "x".repeat(100_000)];

for (const sessionToken of [null, TOKEN]) {
  describe(`AWS signatures ${sessionToken === null ? "of a user's keys" : "of keys with a session token"}`, () => {
    const credentials = {
      accessKeyId: ACCESS_KEY,
      secretAccessKey: SECRET,
      ...(sessionToken === null ? {} : { sessionToken }),
    };
    let stage: OracleStage<BedrockRuntimeClient>;
    beforeAll(async () => {
      stage = await OracleStage.open({
        provider: "bedrock",
        entry: { region: REGION },
        apiKey: [ACCESS_KEY, SECRET, ...(sessionToken === null ? [] : [sessionToken])].join(":"),
        open: (endpoint) =>
          new BedrockRuntimeClient({
            endpoint,
            region: REGION,
            credentials,
            maxAttempts: 1,
            // Its own choice is HTTP/2.
            requestHandler: new NodeHttpHandler(),
          }),
      });
    });
    afterAll(() => stage.close());

    for (const [modelIndex, modelId] of MODELS.entries()) {
      for (const [textIndex, text] of TEXTS.entries()) {
        const place = `model ${modelIndex + 1}, text ${textIndex + 1}`;

        test(`of the SDK's requests are what ours would be: ${place}`, async () => {
          const messages = [{ role: "user" as const, content: [{ text }] }];
          const call = { modelId, messages };
          const theirs = await stage.recordSdk((sdk) =>
            textIndex === 0 ? sdk.send(new ConverseStreamCommand(call)) : sdk.send(new ConverseCommand(call)),
          );
          const signed = readSigned(theirs);
          expect(signed.names).toContain("x-amz-date");
          const ours = new RequestSigner("bedrock", REGION).authorization(
            { method: theirs.method, path: theirs.target, hostHeader: headerOf(theirs, "host"), body: theirs.body },
            signed.names.filter((name) => name !== "host").map((name) => [name, headerOf(theirs, name)] as const),
            createHash("sha256").update(theirs.body).digest("hex"),
            makeStaticCredentials(ACCESS_KEY, SECRET, sessionToken),
            signed.atMs,
          );
          expect(ours).toBe(headerOf(theirs, "authorization"));
        });

        test(`of our requests are what the SDK's would be: ${place}`, async () => {
          const ours = await stage.recordGateway(
            asChat({ messages: [{ role: "user", content: text }], stream: textIndex === 0 }),
            modelId,
          );
          const { names, atMs } = readSigned(ours);
          expect(names).toEqual([
            "host",
            "x-amz-content-sha256",
            "x-amz-date",
            ...(sessionToken === null ? [] : ["x-amz-security-token"]),
          ]);
          const signer = new SignatureV4({ service: "bedrock", region: REGION, credentials, sha256: Sha256 });
          const [hostname = "", port] = headerOf(ours, "host").split(":");
          const theirs = await signer.sign(
            {
              method: ours.method,
              protocol: "http:",
              hostname,
              port: Number(port),
              path: ours.target,
              query: {},
              headers: { host: headerOf(ours, "host") },
              body: ours.body,
            },
            { signingDate: new Date(atMs) },
          );
          for (const name of ["authorization", ...names.slice(1)]) {
            expect(`${name}: ${headerOf(ours, name)}`).toBe(`${name}: ${theirs.headers[name]}`);
          }
        });
      }
    }
  });
}

/** Which headers a request's signature covers, and when it was made. */
function readSigned(message: HttpMessage): { readonly names: readonly string[]; readonly atMs: number } {
  const names = /SignedHeaders=([^,]+),/.exec(headerOf(message, "authorization"))?.[1]?.split(";") ?? [];
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headerOf(message, "x-amz-date")) ?? [];
  return { names, atMs: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) };
}

function headerOf(message: HttpMessage, name: string): string {
  const value = message.header(name);
  if (value === null) throw new Error(`expected the header ${name}, got none`);
  return value;
}

/** What the SDK's signer hashes with, which its clients bring along. */
class Sha256 implements Checksum {
  readonly #secret: SourceData | undefined;
  #hash: Hash | ReturnType<typeof createHmac>;

  constructor(secret?: SourceData) {
    this.#secret = secret;
    this.#hash = this.#open();
  }

  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#open();
  }

  #open(): Hash | ReturnType<typeof createHmac> {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(this.#secret));
  }
}

function bytesOf(data: SourceData): Uint8Array | string {
  if (typeof data === "string") return data;
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
