import { describe, expect, test } from "bun:test";
import { createVerify, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuthHeaders, Authorizer, UnsignedRequest } from "../../../src/exchange.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { makeGoogleAuthorizer } from "../../../src/provider/google/authorizer.ts";
import { makeGeminiAuthorizer } from "../../../src/provider/google/gemini-key.ts";
import { FakeTokenService, tokenAnswer } from "../token/fake-token-service.ts";

const REQUEST: UnsignedRequest = { method: "POST", path: "/v1/x", hostHeader: "aiplatform.googleapis.com", body: null };
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const PEM = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

type Surroundings = {
  readonly key?: string | object | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: { nowMs: number };
};

function make({ key = null, env = {}, clock = { nowMs: Date.UTC(2026, 0, 1) } }: Surroundings): Authorizer {
  const text = key === null || typeof key === "string" ? key : JSON.stringify(key);
  return makeGoogleAuthorizer({
    apiKey: text === null ? null : new Secret(text),
    settings: {},
    env: { NO_GCE_CHECK: "true", HOME: "/nonexistent", ...env },
    now: () => clock.nowMs,
  });
}

const ask = async (authorizer: Authorizer): Promise<AuthHeaders> => await authorizer.authorize(REQUEST);

const serviceAccount = (origin: string, fields: object = {}) => ({
  type: "service_account",
  project_id: "example-project",
  private_key_id: "key-1",
  private_key: PEM,
  client_email: "gateway@example-project.iam.gserviceaccount.com",
  client_id: "1",
  token_uri: `${origin}/token`,
  ...fields,
});

const external = (origin: string, fields: object = {}) => ({
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k8s",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: `${origin}/sts`,
  credential_source: { file: "/nonexistent" },
  ...fields,
});

/** A folder for one test's files. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "llmux-google-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("a service account's key", () => {
  test("signs an assertion for an access token, which serves until it nears its end", async () => {
    await using service = new FakeTokenService();
    const clock = { nowMs: Date.UTC(2026, 0, 1) };
    let count = 0;
    service.answers.set("/token", () => tokenAnswer(`ya29.${count++}`));
    const authorizer = make({ key: serviceAccount(service.origin), clock });
    const both = await Promise.all([ask(authorizer), ask(authorizer)]);
    expect(both).toEqual([[["authorization", "Bearer ya29.0"]], [["authorization", "Bearer ya29.0"]]]);
    expect(service.requests).toHaveLength(1);
    const [request] = service.requests;
    expect([request?.method, request?.form.get("grant_type")]).toEqual([
      "POST",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]);
    const assertion = request?.form.get("assertion") ?? "";
    const [head = "", claims = "", signature = ""] = assertion.split(".");
    const decode = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    expect(decode(head)).toEqual({ alg: "RS256", typ: "JWT", kid: "key-1" });
    expect(decode(claims)).toEqual({
      iss: "gateway@example-project.iam.gserviceaccount.com",
      scope: SCOPE,
      aud: `${service.origin}/token`,
      iat: 1_767_225_600,
      exp: 1_767_229_200,
    });
    const verifier = createVerify("sha256").update(`${head}.${claims}`);
    expect(verifier.verify(publicKey, Buffer.from(signature, "base64url"))).toBe(true);

    expect(authorizer.authorize(REQUEST)).not.toBeInstanceOf(Promise);
    clock.nowMs += 3_600_000 - 225_000;
    expect(await ask(authorizer)).toEqual([["authorization", "Bearer ya29.0"]]);
    clock.nowMs += 225_000;
    expect(await ask(authorizer)).toEqual([["authorization", "Bearer ya29.1"]]);
    clock.nowMs += 5_000;
    authorizer.invalidate();
    expect(await ask(authorizer)).toEqual([["authorization", "Bearer ya29.2"]]);
  });

  test("that the token service refuses is an error without a secret in it", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/token", () =>
      Response.json({ error: "invalid_grant", error_description: "canary" }, { status: 400 }),
    );
    await expect(ask(make({ key: serviceAccount(service.origin) }))).rejects.toThrow(
      "Google credentials: the token service answered with status 400 (invalid_grant) and no token.",
    );
    const broken = serviceAccount(service.origin, { private_key: "canary" });
    const refused = ask(make({ key: broken }));
    await expect(refused).rejects.toThrow("private_key should be an unencrypted RSA private key in PEM");
    await refused.catch((error: unknown) => expect(Bun.inspect(error)).not.toContain("canary"));
  });

  test("comes from a file as well, by api_key or GOOGLE_APPLICATION_CREDENTIALS", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/token", () => tokenAnswer("ya29.file"));
    await inFolder(async (folder) => {
      const path = join(folder, "key.json");
      await Bun.write(path, JSON.stringify(serviceAccount(service.origin)));
      expect(await ask(make({ key: path }))).toEqual([["authorization", "Bearer ya29.file"]]);
      expect(await ask(make({ env: { GOOGLE_APPLICATION_CREDENTIALS: path } }))).toEqual([
        ["authorization", "Bearer ya29.file"],
      ]);
      const gone = make({ env: { GOOGLE_APPLICATION_CREDENTIALS: `${path}.gone` } });
      await expect(ask(gone)).rejects.toThrow(`the credentials file ${path}.gone is not there`);
    });
  });
});

describe("other credentials", () => {
  test("a user's refresh token, as gcloud's file has it, counts for the quota project", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/token", () => tokenAnswer("ya29.user"));
    const document = {
      type: "authorized_user",
      client_id: "client",
      client_secret: "secret",
      refresh_token: "refresh",
      token_uri: `${service.origin}/token`,
      quota_project_id: "quota-project",
    };
    await inFolder(async (folder) => {
      await Bun.write(join(folder, "application_default_credentials.json"), JSON.stringify(document));
      expect(await ask(make({ env: { CLOUDSDK_CONFIG: folder } }))).toEqual([
        ["authorization", "Bearer ya29.user"],
        ["x-goog-user-project", "quota-project"],
      ]);
    });
    expect(Object.fromEntries(service.requests[0]?.form ?? [])).toEqual({
      grant_type: "refresh_token",
      client_id: "client",
      client_secret: "secret",
      refresh_token: "refresh",
    });
  });

  test("a token in a file is exchanged, read anew each time", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/sts", ({ form }) =>
      tokenAnswer(`ya29.for-${form.get("subject_token")}`, { expires_in: 3_600, issued_token_type: "x" }),
    );
    await inFolder(async (folder) => {
      const path = join(folder, "token");
      await Bun.write(path, "first\n");
      const clock = { nowMs: 0 };
      const authorizer = make({ key: external(service.origin, { credential_source: { file: path } }), clock });
      expect(await ask(authorizer)).toEqual([["authorization", "Bearer ya29.for-first"]]);
      await Bun.write(path, "second");
      clock.nowMs += 3_600_000;
      expect(await ask(authorizer)).toEqual([["authorization", "Bearer ya29.for-second"]]);
      await Bun.write(path, " ");
      clock.nowMs += 3_600_000;
      await expect(ask(authorizer)).rejects.toThrow(`the subject token's file (${path}) is empty`);
    });
    expect(Object.fromEntries(service.requests[0]?.form ?? [])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: external("").audience,
      scope: SCOPE,
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: "first",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
  });

  test("a token behind a URL is exchanged, and a service account impersonated with what comes back", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/subject", () => Response.json({ value: "subject" }));
    service.answers.set("/sts", () => tokenAnswer("ya29.federated"));
    service.answers.set("/v1/sa:generateAccessToken", () =>
      Response.json({ accessToken: "ya29.impersonated", expireTime: "2026-01-01T00:30:00Z" }),
    );
    const clock = { nowMs: Date.UTC(2026, 0, 1) };
    const authorizer = make({
      clock,
      key: external(service.origin, {
        credential_source: {
          url: `${service.origin}/subject`,
          headers: { metadata: "True" },
          format: { type: "json", subject_token_field_name: "value" },
        },
        service_account_impersonation_url: `${service.origin}/v1/sa:generateAccessToken`,
        service_account_impersonation: { token_lifetime_seconds: 1_800 },
        client_id: "id",
        client_secret: "secret",
        workforce_pool_user_project: "ignored-beside-a-client",
      }),
    });
    expect(await ask(authorizer)).toEqual([["authorization", "Bearer ya29.impersonated"]]);
    const [subject, sts, impersonation] = service.requests;
    expect(subject?.header("metadata")).toBe("True");
    expect(sts?.form.get("subject_token")).toBe("subject");
    expect(sts?.form.get("options")).toBeNull();
    expect(sts?.header("authorization")).toBe(`Basic ${btoa("id:secret")}`);
    expect(impersonation?.header("authorization")).toBe("Bearer ya29.federated");
    expect(JSON.parse(impersonation?.body ?? "")).toEqual({ scope: [SCOPE], lifetime: "1800s" });
    // The impersonated token's own end counts.
    clock.nowMs += 1_800_000;
    service.answers.set("/v1/sa:generateAccessToken", () =>
      Response.json({ error: { code: 403, status: "PERMISSION_DENIED", message: "canary" } }, { status: 403 }),
    );
    await expect(ask(authorizer)).rejects.toThrow(
      "the IAM credentials service answered with status 403 (PERMISSION_DENIED) and no token",
    );
  });

  test("gcloud's impersonated credentials use those they wrap", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/token", () => tokenAnswer("ya29.own"));
    service.answers.set("/sa", () => Response.json({ accessToken: "ya29.sa", expireTime: "2030-01-01T00:00:00Z" }));
    const key = {
      type: "impersonated_service_account",
      source_credentials: serviceAccount(service.origin),
      service_account_impersonation_url: `${service.origin}/sa`,
      delegates: ["projects/-/serviceAccounts/d@example.com"],
    };
    expect(await ask(make({ key }))).toEqual([["authorization", "Bearer ya29.sa"]]);
    expect(JSON.parse(service.requests[1]?.body ?? "")).toMatchObject({ delegates: key.delegates });
  });

  test("the metadata server gives the machine's or the pod's own", async () => {
    await using service = new FakeTokenService();
    const path = "/computeMetadata/v1/instance/service-accounts/default/token";
    service.answers.set(path, () =>
      Response.json(
        { access_token: "ya29.machine", expires_in: 3_000, token_type: "Bearer" },
        { headers: { "metadata-flavor": "Google" } },
      ),
    );
    const env = {
      NO_GCE_CHECK: "",
      GCE_METADATA_HOST: service.origin.replace("http://", ""),
      GOOGLE_CLOUD_QUOTA_PROJECT: "quota",
    };
    expect(await ask(make({ env }))).toEqual([
      ["authorization", "Bearer ya29.machine"],
      ["x-goog-user-project", "quota"],
    ]);
    expect(service.requests[0]?.header("metadata-flavor")).toBe("Google");
    expect(service.requests[0]?.query.get("scopes")).toBe(SCOPE);
    // Something else at its address does not say that it is Google's.
    service.answers.set(path, () => tokenAnswer("canary"));
    await expect(ask(make({ env }))).rejects.toThrow("none found");
    service.answers.set(path, () => new Response("", { status: 404, headers: { "metadata-flavor": "Google" } }));
    await expect(ask(make({ env }))).rejects.toThrow("has no service account");
  });

  test("an access token goes along as it is", () => {
    expect(make({ key: "ya29.example" }).authorize(REQUEST)).toEqual([["authorization", "Bearer ya29.example"]]);
  });

  test("none at all is an error that says where was looked", async () => {
    await expect(ask(make({}))).rejects.toThrow("none found. Looked for api_key, GOOGLE_APPLICATION_CREDENTIALS");
  });
});

describe("an api_key that cannot be used", () => {
  const wrong: readonly (readonly [key: string | object, why: string])[] = [
    ["AIzaCanary", "belongs to the provider vertex-express"],
    ["{canary", "api_key should be a JSON object"],
    [{ type: "canary-type" }, 'got "canary-type"'],
    [{}, "got none"],
    [{ type: "service_account", client_email: "a@example.com" }, "api_key should have private_key"],
    [{ ...external("https://x.example.com"), audience: 3 }, "api_key should have audience"],
    [external("http://sts.example.com"), "token_url should be a URL with https, got http://sts.example.com"],
    [
      external("https://x.example.com", { credential_source: { executable: { command: "/bin/canary" } } }),
      '"file" or "url"',
    ],
    [
      external("https://x.example.com", { credential_source: { environment_id: "aws1", url: "https://x/" } }),
      '"file" or "url"',
    ],
    [
      external("https://x.example.com", { credential_source: { file: "/t", format: { type: "json" } } }),
      "subject_token_field_name",
    ],
    [{ type: "impersonated_service_account", source_credentials: {} }, "source_credentials should have the type"],
  ];
  test.each(wrong)("%j is refused when the config is read", (key, why) => {
    expect(() => make({ key })).toThrow(why);
    expect(() => make({ key })).not.toThrow(/bin\/canary|AIzaCanary|\{canary/);
  });
});

test("AI Studio's key is Google's header, but a bearer key where OpenAI's API is spoken", () => {
  const authorizer = makeGeminiAuthorizer({ apiKey: new Secret("AIzaExample"), settings: {}, env: {}, now: Date.now });
  const at = (path: string): unknown => authorizer.authorize({ ...REQUEST, path });
  expect(at("/v1beta/models/gemini-2.5-flash:generateContent")).toEqual([["x-goog-api-key", "AIzaExample"]]);
  expect(at("/v1beta/openai/chat/completions")).toEqual([["authorization", "Bearer AIzaExample"]]);
  for (const key of ["", "two words", "line\nbreak"]) {
    expect(() => makeGeminiAuthorizer({ apiKey: new Secret(key), settings: {}, env: {}, now: Date.now })).toThrow(
      "visible ASCII",
    );
  }
});
