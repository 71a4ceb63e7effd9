import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialChain } from "../../../src/provider/aws/credential-chain.ts";
import type { AwsCredentials } from "../../../src/provider/aws/credentials.ts";
import type { Environment } from "../../../src/provider/token/access-token.ts";
import { documentAnswer, FakeAws, stsAnswer } from "./fake-aws.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const EXPIRY = "2026-01-01T01:00:00Z";

/** Nothing of this machine's own: no home, no metadata service. */
const BARE: Environment = { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" };

function fetchFrom(env: Environment): Promise<AwsCredentials | null> {
  return credentialChain("eu-central-1", env, () => NOW_MS)();
}

/** A folder of files, gone afterwards. */
async function makeFiles(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "llmux-aws-"));
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text);
  return {
    path: (name: string) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe("the chain of AWS credentials", () => {
  test("nothing set up gives none", async () => {
    expect(await fetchFrom(BARE)).toBeNull();
  });

  test("the environment's keys come first", async () => {
    const found = await fetchFrom({
      ...BARE,
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_SESSION_TOKEN: "token",
      AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent/token",
      AWS_ROLE_ARN: "arn:aws:iam::000000000000:role/example",
    });
    expect(found?.accessKeyId).toBe("AKIAEXAMPLE");
    expect(found?.secretAccessKey.reveal()).toBe("secret");
    expect(found?.sessionToken?.reveal()).toBe("token");
    expect(found?.expiresAtMs).toBeNull();
    expect(JSON.stringify(found)).not.toContain('secret"');
  });

  test("a web identity token is exchanged at STS, unsigned, and read anew each time", async () => {
    await using aws = new FakeAws();
    await using files = await makeFiles({ token: "first-token\n" });
    aws.answers.set("/", () => stsAnswer("AssumeRoleWithWebIdentity", "ASIAWEB", EXPIRY));
    const env = {
      ...BARE,
      AWS_ENDPOINT_URL_STS: aws.origin,
      AWS_WEB_IDENTITY_TOKEN_FILE: files.path("token"),
      AWS_ROLE_ARN: "arn:aws:iam::000000000000:role/example",
      AWS_ROLE_SESSION_NAME: "example",
    };
    const source = credentialChain("eu-central-1", env, () => NOW_MS);
    const found = await source();
    expect(found?.accessKeyId).toBe("ASIAWEB");
    expect(found?.secretAccessKey.reveal()).toBe("s&cret");
    expect(found?.expiresAtMs).toBe(Date.parse(EXPIRY));
    await Bun.write(files.path("token"), "second-token");
    await source();
    const bodies = aws.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
    expect(bodies[0]).toEqual({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::000000000000:role/example",
      RoleSessionName: "example",
      WebIdentityToken: "first-token",
    });
    expect(bodies[1]?.["WebIdentityToken"]).toBe("second-token");
    expect(aws.requests[0]?.header("authorization")).toBeNull();
  });

  test("what STS says against it is told, the token is not", async () => {
    await using aws = new FakeAws();
    await using files = await makeFiles({ token: "canary-token" });
    aws.answers.set(
      "/",
      () =>
        new Response(
          "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>No provider &lt;x&gt;</Message></Error></ErrorResponse>",
          { status: 400 },
        ),
    );
    const failing = fetchFrom({
      ...BARE,
      AWS_ENDPOINT_URL_STS: aws.origin,
      AWS_WEB_IDENTITY_TOKEN_FILE: files.path("token"),
      AWS_ROLE_ARN: "arn:aws:iam::000000000000:role/example",
    });
    const error = await failing.then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toContain("with status 400 (InvalidIdentityToken: No provider <x>)");
    expect(error?.message).toContain("role/example");
    expect(error?.message).not.toContain("canary-token");
    expect(error).toMatchObject({ code: "upstream_error", options: { upstreamType: "auth" } });
  });

  test("a profile's keys are read from both files, the credentials file first", async () => {
    await using files = await makeFiles({
      config:
        "# mine\n[default]\nregion = eu-central-1\n[profile work]\naws_access_key_id=AKIACONFIG ; old\naws_secret_access_key=a\ns3 =\n  aws_access_key_id = nested\n[sso-session x]\nsso_region = y\n",
      credentials: "[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = b/c+d=\n",
    });
    const env = {
      ...BARE,
      AWS_CONFIG_FILE: files.path("config"),
      AWS_SHARED_CREDENTIALS_FILE: files.path("credentials"),
    };
    const found = await fetchFrom({ ...env, AWS_PROFILE: "work" });
    expect(found?.accessKeyId).toBe("AKIAFILE");
    expect(found?.secretAccessKey.reveal()).toBe("b/c+d=");
    // The default profile says nothing of credentials: the chain goes on.
    expect(await fetchFrom(env)).toBeNull();
    expect(fetchFrom({ ...env, AWS_PROFILE: "none" })).rejects.toThrow('the profile "none" of AWS_PROFILE');
  });

  test("a profile's role is assumed with its source's keys, in a signed request", async () => {
    await using aws = new FakeAws();
    await using files = await makeFiles({
      config:
        "[profile role]\nrole_arn = arn:aws:iam::000000000000:role/b\nsource_profile = middle\nexternal_id = x\nduration_seconds = 1800\n" +
        "[profile middle]\nrole_arn = arn:aws:iam::000000000000:role/a\nsource_profile = base\n" +
        "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret\n",
    });
    aws.answers.set("/", ({ body }) =>
      stsAnswer("AssumeRole", body.includes("role%2Fa") ? "ASIAFIRST" : "ASIASECOND", EXPIRY),
    );
    const found = await fetchFrom({
      ...BARE,
      AWS_CONFIG_FILE: files.path("config"),
      AWS_PROFILE: "role",
      AWS_ENDPOINT_URL_STS: aws.origin,
    });
    expect(found?.accessKeyId).toBe("ASIASECOND");
    const [first, second] = aws.requests;
    expect(first?.header("authorization")).toContain("Credential=AKIABASE/20260101/eu-central-1/sts/aws4_request");
    expect(second?.header("authorization")).toContain("Credential=ASIAFIRST/");
    expect(second?.header("x-amz-security-token")).toBe("token-of-ASIAFIRST");
    expect(Object.fromEntries(new URLSearchParams(second?.body))).toMatchObject({
      Action: "AssumeRole",
      ExternalId: "x",
      DurationSeconds: "1800",
      RoleSessionName: "llmux",
    });
  });

  test("profiles that cannot work say why", async () => {
    const cases: readonly (readonly [string, string])[] = [
      [
        "[profile p]\nrole_arn = r\nsource_profile = q\n[profile q]\nrole_arn = r\nsource_profile = p\n",
        "lead in a circle",
      ],
      ["[profile p]\nrole_arn = r\n", "source_profile or credential_source"],
      ["[profile p]\nrole_arn = r\nsource_profile = gone\n", "in none of AWS's config files"],
      ["[profile p]\nrole_arn = r\ncredential_source = Moon\n", 'got "Moon"'],
      ["[profile p]\nrole_arn = r\ncredential_source = Environment\n", "has no credentials here"],
      ["[profile p]\nrole_arn = r\nmfa_serial = m\nsource_profile = q\n", "MFA"],
      ["[profile p]\ncredential_process = /bin/true\n", "credential_process, which is not supported"],
      ["[profile p]\nsso_session = s\n", "sso_session, which is not supported"],
      ["[profile p]\nrole_arn = r\nduration_seconds = long\nsource_profile = q\n", 'got "long"'],
      ["[profile p]\nrole_arn = r\nweb_identity_token_file = /nonexistent/t\n", "is not there"],
    ];
    for (const [config, words] of cases) {
      await using files = await makeFiles({ config });
      const failing = fetchFrom({ ...BARE, AWS_CONFIG_FILE: files.path("config"), AWS_PROFILE: "p" });
      await expect(failing).rejects.toThrow(words);
    }
  });

  test("a profile may name the environment as the source of its role", async () => {
    await using aws = new FakeAws();
    await using files = await makeFiles({ config: "[profile p]\nrole_arn = r\ncredential_source = EcsContainer\n" });
    aws.answers.set("/creds", () => documentAnswer("ASIACONTAINER", EXPIRY));
    aws.answers.set("/", () => stsAnswer("AssumeRole", "ASIAROLE", EXPIRY));
    const found = await fetchFrom({
      ...BARE,
      AWS_CONFIG_FILE: files.path("config"),
      AWS_PROFILE: "p",
      AWS_ENDPOINT_URL_STS: aws.origin,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.origin}/creds`,
    });
    expect(found?.accessKeyId).toBe("ASIAROLE");
    expect(aws.requests.map(({ path }) => path)).toEqual(["/creds", "/"]);
  });

  test("the container endpoint is asked with the token of its file, read anew each time", async () => {
    await using aws = new FakeAws();
    await using files = await makeFiles({ token: "pod-token-1\n" });
    aws.answers.set("/v1/credentials", () => documentAnswer("ASIAPOD", EXPIRY));
    const source = credentialChain(
      "eu-central-1",
      {
        ...BARE,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.origin}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: files.path("token"),
      },
      () => NOW_MS,
    );
    const found = await source();
    expect(found?.accessKeyId).toBe("ASIAPOD");
    expect(found?.sessionToken?.reveal()).toBe("token-of-ASIAPOD");
    await Bun.write(files.path("token"), "pod-token-2");
    await source();
    expect(aws.requests.map(({ header }) => header("authorization"))).toEqual(["pod-token-1", "pod-token-2"]);
  });

  test("the container endpoint may not be just anywhere without TLS", async () => {
    const failing = fetchFrom({ ...BARE, AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://192.0.2.1/creds" });
    await expect(failing).rejects.toThrow("got http://192.0.2.1");
    await expect(fetchFrom({ ...BARE, AWS_CONTAINER_CREDENTIALS_FULL_URI: "nonsense" })).rejects.toThrow(
      "should be a URL",
    );
  });

  test("an answer that holds no credentials is an error, whatever its length", async () => {
    await using aws = new FakeAws();
    const env = { ...BARE, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.origin}/creds` };
    aws.answers.set("/creds", () => Response.json({ Code: "AssumeRoleUnauthorizedAccess" }));
    await expect(fetchFrom(env)).rejects.toThrow("AssumeRoleUnauthorizedAccess");
    aws.answers.set("/creds", () => new Response("x".repeat(200_000)));
    await expect(fetchFrom(env)).rejects.toThrow("could not be reached");
    aws.answers.set("/creds", () => new Response("no", { status: 500 }));
    await expect(fetchFrom(env)).rejects.toThrow("status 500");
    aws.answers.set("/creds", () => documentAnswer("A", "soon"));
    await expect(fetchFrom(env)).rejects.toThrow("no time");
  });

  test("the instance metadata service is asked the second way: for a token, the role, its credentials", async () => {
    await using aws = new FakeAws();
    const roles = "/latest/meta-data/iam/security-credentials/";
    aws.answers.set(
      "/latest/api/token",
      ({ method }) => new Response(method === "PUT" ? "imds-token" : "", { status: 200 }),
    );
    aws.answers.set(roles, () => new Response("example-role\n"));
    aws.answers.set(`${roles}example-role`, () => documentAnswer("ASIAINSTANCE", EXPIRY));
    const env = { HOME: "/nonexistent", AWS_EC2_METADATA_SERVICE_ENDPOINT: `${aws.origin}/` };
    expect((await fetchFrom(env))?.accessKeyId).toBe("ASIAINSTANCE");
    expect(aws.requests.map(({ header }) => header("x-aws-ec2-metadata-token"))).toEqual([
      null,
      "imds-token",
      "imds-token",
    ]);
    expect(aws.requests[0]?.header("x-aws-ec2-metadata-token-ttl-seconds")).toBe("60");
    aws.answers.delete(roles);
    await expect(fetchFrom(env)).rejects.toThrow("has no IAM role");
    aws.answers.delete("/latest/api/token");
    expect(await fetchFrom(env)).toBeNull();
  });
});
