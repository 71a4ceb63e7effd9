import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuthHeaders, Authorizer, UnsignedRequest } from "../../../src/exchange.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { COGNITIVE_SERVICES, makeAzureAuthorizer } from "../../../src/provider/azure/authorizer.ts";
import { fetchEntraToken } from "../../../src/provider/azure/fetch-token.ts";
import { FakeTokenService, tokenAnswer } from "../token/fake-token-service.ts";

const REQUEST: UnsignedRequest = { method: "POST", path: "/x", hostHeader: "example.openai.azure.com", body: null };
const SCOPE = "https://cognitiveservices.azure.com/.default";
const NOW_MS = Date.UTC(2026, 0, 1);
const CLIENT = { AZURE_TENANT_ID: "tenant-1", AZURE_CLIENT_ID: "client-1" };
const TOKEN_PATH = "/tenant-1/oauth2/v2.0/token";

function make(key: string | null, env: Readonly<Record<string, string>> = {}, clock = { nowMs: NOW_MS }): Authorizer {
  return makeAzureAuthorizer(
    { apiKey: key === null ? null : new Secret(key), settings: {}, env, now: () => clock.nowMs },
    { keyHeader: "api-key", scope: COGNITIVE_SERVICES },
  );
}

const ask = async (authorizer: Authorizer): Promise<AuthHeaders> => await authorizer.authorize(REQUEST);

describe("the authorizer of Azure's resources", () => {
  test("sends the key where there is one, whatever the environment has", () => {
    const authorizer = make("resource-key", { ...CLIENT, AZURE_CLIENT_SECRET: "secret" });
    expect(authorizer.authorize(REQUEST)).toEqual([["api-key", "resource-key"]]);
    expect(() => make("line\r\nbreak")).toThrow("Azure credentials: expected a key of visible ASCII characters");
  });

  test("asks Entra ID with a client secret, once, until the token nears its end", async () => {
    await using service = new FakeTokenService();
    let count = 0;
    service.answers.set(TOKEN_PATH, () =>
      tokenAnswer(`entra-${count++}`, { expires_in: 3_599, ext_expires_in: 3_599 }),
    );
    const clock = { nowMs: NOW_MS };
    const env = { ...CLIENT, AZURE_CLIENT_SECRET: "secret", AZURE_AUTHORITY_HOST: `${service.origin}/` };
    const authorizer = make(null, env, clock);
    expect(await Promise.all([ask(authorizer), ask(authorizer)])).toEqual([
      [["authorization", "Bearer entra-0"]],
      [["authorization", "Bearer entra-0"]],
    ]);
    expect(authorizer.authorize(REQUEST)).not.toBeInstanceOf(Promise);
    expect(service.requests.map(({ form }) => Object.fromEntries(form))).toEqual([
      { client_id: "client-1", scope: SCOPE, grant_type: "client_credentials", client_secret: "secret" },
    ]);
    clock.nowMs += 3_599_000;
    expect(await ask(authorizer)).toEqual([["authorization", "Bearer entra-1"]]);
  });

  test("asks Entra ID with the workload's own token, read anew each time", async () => {
    await using service = new FakeTokenService();
    service.answers.set(TOKEN_PATH, ({ form }) => tokenAnswer(`for-${form.get("client_assertion")}`));
    const folder = await mkdtemp(join(tmpdir(), "llmux-azure-"));
    try {
      const path = join(folder, "azure-identity-token");
      await Bun.write(path, "first\n");
      const clock = { nowMs: NOW_MS };
      const env = { ...CLIENT, AZURE_FEDERATED_TOKEN_FILE: path, AZURE_AUTHORITY_HOST: service.origin };
      const authorizer = make(null, env, clock);
      expect(await ask(authorizer)).toEqual([["authorization", "Bearer for-first"]]);
      await Bun.write(path, "second");
      clock.nowMs += 3_600_000;
      expect(await ask(authorizer)).toEqual([["authorization", "Bearer for-second"]]);
      expect(Object.fromEntries(service.requests[0]?.form ?? [])).toEqual({
        client_id: "client-1",
        scope: SCOPE,
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: "first",
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("asks the endpoint that App Service and Container Apps name", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/msi/token", () => tokenAnswer("app", { expires_on: "1767229200", resource: "x" }));
    const env = { IDENTITY_ENDPOINT: `${service.origin}/msi/token`, IDENTITY_HEADER: "header-secret" };
    expect(await ask(make(null, { ...env, AZURE_CLIENT_ID: "user-assigned" }))).toEqual([
      ["authorization", "Bearer app"],
    ]);
    const [request] = service.requests;
    expect(request?.header("x-identity-header")).toBe("header-secret");
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      "api-version": "2019-08-01",
      resource: "https://cognitiveservices.azure.com",
      client_id: "user-assigned",
    });
    expect((await fetchEntraToken(SCOPE, env, () => NOW_MS)).expiresAtMs).toBe(1_767_229_200_000);
  });

  test("asks the instance metadata service where nothing else is set up", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/metadata/identity/oauth2/token", () =>
      tokenAnswer("machine", { expires_in: "86399", expires_on: "1767312000" }),
    );
    expect(await ask(make(null, { AZURE_POD_IDENTITY_AUTHORITY_HOST: service.origin }))).toEqual([
      ["authorization", "Bearer machine"],
    ]);
    const [request] = service.requests;
    expect(request?.header("metadata")).toBe("true");
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      "api-version": "2018-02-01",
      resource: "https://cognitiveservices.azure.com",
    });
    // Azure Government has audiences of its own.
    await ask(
      make(null, {
        AZURE_POD_IDENTITY_AUTHORITY_HOST: service.origin,
        AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us",
      }),
    );
    expect(service.requests[1]?.query.get("resource")).toBe("https://cognitiveservices.azure.us");
  });

  test("says what went wrong, and no secret", async () => {
    await using service = new FakeTokenService();
    service.answers.set(TOKEN_PATH, () =>
      Response.json(
        { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret: canary" },
        { status: 401 },
      ),
    );
    const env = { ...CLIENT, AZURE_CLIENT_SECRET: "canary", AZURE_AUTHORITY_HOST: service.origin };
    await expect(ask(make(null, env))).rejects.toThrow(
      "Azure credentials: Microsoft Entra ID answered with status 401 (invalid_client, AADSTS7000215) and no token.",
    );
    await expect(ask(make(null, { AZURE_CLIENT_SECRET: "canary" }))).rejects.toThrow(
      "expected AZURE_TENANT_ID and AZURE_CLIENT_ID beside AZURE_CLIENT_SECRET",
    );
    await expect(ask(make(null, { ...env, AZURE_AUTHORITY_HOST: "http://login.example.com" }))).rejects.toThrow(
      "AZURE_AUTHORITY_HOST should be a URL with https",
    );
    await expect(
      ask(make(null, { ...CLIENT, AZURE_FEDERATED_TOKEN_FILE: "/nonexistent", AZURE_AUTHORITY_HOST: service.origin })),
    ).rejects.toThrow("the federated token file (/nonexistent) is not there");
    const closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const { port } = closed;
    closed.stop(true);
    await expect(ask(make(null, { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${port}` }))).rejects.toThrow(
      "none found. Looked for api_key, AZURE_CLIENT_SECRET",
    );
  });
});
