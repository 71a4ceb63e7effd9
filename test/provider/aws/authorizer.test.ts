import { describe, expect, test } from "bun:test";
import { makeAwsAuthorizer } from "../../../src/provider/aws/authorizer.ts";
import { makeSagemakerAuthorizer } from "../../../src/provider/aws/sagemaker-token.ts";
import type { AuthHeaders, UnsignedRequest } from "../../../src/exchange.ts";
import { Secret } from "../../../src/lib/secret.ts";
import type { AuthorizerInput } from "../../../src/provider/define.ts";

const BEDROCK = { service: "bedrock", bearerEnv: "AWS_BEARER_TOKEN_BEDROCK" };
const REQUEST: UnsignedRequest = {
  method: "POST",
  path: "/model/us.amazon.nova-lite-v1%3A0/converse",
  hostHeader: "bedrock-runtime.eu-central-1.amazonaws.com",
  body: Buffer.from("{}"),
};

function input(
  apiKey: string | null,
  env: Readonly<Record<string, string>> = {},
  clock = { nowMs: Date.UTC(2026, 0, 1) },
): AuthorizerInput {
  return {
    apiKey: apiKey === null ? null : new Secret(apiKey),
    settings: { region: "eu-central-1" },
    env: { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent", ...env },
    now: () => clock.nowMs,
  };
}

async function headersOf(headers: AuthHeaders | Promise<AuthHeaders>): Promise<ReadonlyMap<string, string>> {
  return new Map(await headers);
}

describe("the authorizer of AWS services", () => {
  test("a bearer key goes along as it is, from the config or the environment", async () => {
    const configured = makeAwsAuthorizer(input("ABSKexample"), BEDROCK);
    expect(configured.authorize(REQUEST)).toEqual([["authorization", "Bearer ABSKexample"]]);
    const surrounding = makeAwsAuthorizer(input(null, { AWS_BEARER_TOKEN_BEDROCK: "ABSKother" }), BEDROCK);
    expect(surrounding.authorize(REQUEST)).toEqual([["authorization", "Bearer ABSKother"]]);
    configured.invalidate();
    expect(configured.authorize(REQUEST)).toEqual([["authorization", "Bearer ABSKexample"]]);
  });

  test("configured keys sign, whatever the environment has; from the second request on without waiting", async () => {
    const authorizer = makeAwsAuthorizer(
      input("AKIAEXAMPLE:secret/key+x:the:token", { AWS_BEARER_TOKEN_BEDROCK: "ABSKother" }),
      BEDROCK,
    );
    const first = await headersOf(authorizer.authorize(REQUEST));
    expect(first.get("authorization")).toStartWith(
      "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-central-1/bedrock/aws4_request, SignedHeaders=host;",
    );
    expect(first.get("x-amz-security-token")).toBe("the:token");
    const second = authorizer.authorize(REQUEST);
    expect(second).not.toBeInstanceOf(Promise);
    expect(await headersOf(second)).toEqual(first);
  });

  test("without a key the surroundings' credentials sign", async () => {
    const authorizer = makeAwsAuthorizer(
      input(null, { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "secret" }),
      BEDROCK,
    );
    expect((await headersOf(authorizer.authorize(REQUEST))).get("authorization")).toContain("Credential=AKIAENV/");
    const none = makeAwsAuthorizer(input(null), BEDROCK).authorize(REQUEST);
    await expect(Promise.resolve(none)).rejects.toThrow("none found");
  });

  test("what is neither fails the requests, with an error that does not repeat it", () => {
    for (const wrong of ["AKIA EXAMPLE:canary", "AKIAEXAMPLE:", "AKIAEXAMPLE:canary:", "a:b"]) {
      const authorizer = makeAwsAuthorizer(input(wrong), BEDROCK);
      expect(() => authorizer.authorize(REQUEST)).toThrow("ACCESS_KEY_ID:SECRET_ACCESS_KEY");
      expect(() => authorizer.authorize(REQUEST)).not.toThrow("canary");
    }
  });

  test("signing needs a region", () => {
    const without = { ...input("AKIAEXAMPLE:secret"), settings: {} };
    expect(() => makeAwsAuthorizer(without, BEDROCK).authorize(REQUEST)).toThrow("expected a region");
  });
});

describe("the authorizer of SageMaker endpoints", () => {
  test("makes a bearer token of a presigned request, and a new one after five minutes", async () => {
    const clock = { nowMs: Date.UTC(2026, 0, 1) };
    const authorizer = makeSagemakerAuthorizer(input("AKIAEXAMPLE:secret", {}, clock));
    const token = async (): Promise<string> =>
      (await headersOf(authorizer.authorize(REQUEST))).get("authorization")?.replace("Bearer ", "") ?? "";
    const first = await token();
    expect(first).toStartWith("sagemaker-api-key-");
    const url = Buffer.from(first.slice("sagemaker-api-key-".length), "base64").toString("utf8");
    expect(url).toStartWith("sagemaker.amazonaws.com/?Action=CallWithBearerToken&");
    expect(url).toEndWith("&Version=1");
    expect(url).toContain("X-Amz-Credential=AKIAEXAMPLE%2F20260101%2Feu-central-1%2Fsagemaker%2Faws4_request");
    clock.nowMs += 299_000;
    expect(await token()).toBe(first);
    clock.nowMs += 1_000;
    expect(await token()).not.toBe(first);
  });

  test("a token that is given goes along", () => {
    expect(makeSagemakerAuthorizer(input("sagemaker-api-key-eA==")).authorize(REQUEST)).toEqual([
      ["authorization", "Bearer sagemaker-api-key-eA=="],
    ]);
  });
});
