import { describe, expect, test } from "bun:test";
import { createHash, createVerify, generateKeyPairSync } from "node:crypto";
import type { UnsignedRequest } from "../../src/exchange.ts";
import { Secret } from "../../src/lib/secret.ts";
import { makeSnowflakeAuthorizer } from "../../src/provider/snowflake-token.ts";
import { ASKS, compileEntry, withProvider } from "./ask-provider.ts";

const ENTRY = { provider: "snowflake", account: "myorg-myaccount", api_key: "pat-example" };
const REQUEST: UnsignedRequest = { method: "POST", path: "/", hostHeader: "h", body: null };

test("Snowflake Cortex serves Claude in both APIs and everything in OpenAI's, with a token as it is", async () => {
  expect((await compileEntry(ENTRY)).origin.hostHeader).toBe("myorg-myaccount.snowflakecomputing.com");
  await withProvider(ENTRY, {}, async (ask) => {
    const claude = await ask({ ...ASKS.messages, model: "claude-sonnet-4-6" });
    expect(claude.target).toBe("/api/v2/cortex/v1/messages");
    expect(claude.header("authorization")).toBe("Bearer pat-example");
    expect(claude.header("x-snowflake-authorization-token-type")).toBeNull();
    expect(claude.header("anthropic-version")).toBe("2023-06-01");
    const chat = "/api/v2/cortex/v1/chat/completions";
    expect((await ask({ ...ASKS.chat, model: "claude-sonnet-4-6" })).target).toBe(chat);
    expect((await ask({ ...ASKS.chatStream, model: "openai-gpt-4.1" })).target).toBe(chat);
    expect((await ask({ ...ASKS.messages, model: "openai-gpt-4.1" })).target).toBe(chat);
  });
});

describe("a private key", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const make = (key: string, env: Readonly<Record<string, string>>, account = "myorg-myaccount") =>
    makeSnowflakeAuthorizer({ apiKey: new Secret(key), settings: { account }, env, now: () => 1_767_225_600_000 });

  test("signs for its user, and the header says so", async () => {
    const headers = new Map(await make(pem, { SNOWFLAKE_USER: "gateway" }, "xy12345.eu-central-1").authorize(REQUEST));
    expect(headers.get("x-snowflake-authorization-token-type")).toBe("KEYPAIR_JWT");
    const [head = "", claims = "", signature = ""] = (headers.get("authorization") ?? "")
      .replace("Bearer ", "")
      .split(".");
    const fingerprint = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("base64");
    expect(JSON.parse(Buffer.from(claims, "base64url").toString("utf8"))).toEqual({
      iss: `XY12345.GATEWAY.SHA256:${fingerprint}`,
      sub: "XY12345.GATEWAY",
      iat: 1_767_225_600,
      exp: 1_767_229_200,
    });
    const verifier = createVerify("sha256").update(`${head}.${claims}`);
    expect(verifier.verify(publicKey, Buffer.from(signature, "base64url"))).toBe(true);
  });

  test("needs a user, and to be one", async () => {
    expect(() => make(pem, {})).toThrow("SNOWFLAKE_USER");
    const broken = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----";
    await expect(Promise.resolve(make(broken, { SNOWFLAKE_USER: "u" }).authorize(REQUEST))).rejects.toThrow(
      "api_key should be an unencrypted RSA private key in PEM",
    );
  });
});
