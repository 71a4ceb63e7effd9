import { asString, parseObject } from "../../lib/json.ts";
import { type AccessToken, type Environment, readVariable, tokenError } from "../token/access-token.ts";
import { fetchAnswer } from "../token/fetch-answer.ts";
import { readSmallFile } from "../token/read-small-file.ts";
import { causeOf, checkToken, codeOf, readTokenAnswer } from "../token/read-token.ts";
import { readPrivateKey, signJwt } from "../token/sign-jwt.ts";
import type { GoogleSource } from "./authorizer.ts";
import {
  GOOGLE,
  type GoogleDocument,
  type GoogleIdentity,
  type Impersonation,
  readGoogleDocument,
} from "./credential-document.ts";
import { fetchMetadataToken } from "./metadata-server.ts";
import { readSubjectToken } from "./subject-token.ts";

export const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
/** The most that is allowed: https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth */
const ASSERTION_SECONDS = 3_600;
const TOKEN_SERVICE = "the token service";
const STS = "the security token service";
const IAM = "the IAM credentials service";

/**
 * An access token, from where it is said to come or, in the order of Google's libraries, from GOOGLE_APPLICATION_CREDENTIALS, gcloud's
 * own file, and the metadata server: https://docs.cloud.google.com/docs/authentication/application-default-credentials
 */
export async function fetchGoogleToken(
  source: GoogleSource,
  env: Environment,
  now: () => number,
): Promise<AccessToken> {
  switch (source.kind) {
    case "document":
      return fetchDocumentToken(source.document, env, now);
    case "file":
      return fetchDocumentToken(await readDocumentFile(source.path), env, now);
    case "surroundings": {
      const path = readVariable(env, "GOOGLE_APPLICATION_CREDENTIALS");
      if (path !== null) return fetchDocumentToken(await readDocumentFile(path), env, now);
      const own = await readGcloudFile(env);
      if (own !== null) return fetchDocumentToken(own, env, now);
      return withQuotaProject(await fetchMetadataToken(env, SCOPE, now), null, env);
    }
    default:
      return source satisfies never;
  }
}

async function readDocumentFile(path: string): Promise<GoogleDocument> {
  const text = await readSmallFile(GOOGLE, "the credentials file", path);
  if (text === null) throw tokenError(GOOGLE, `the credentials file ${path} is not there.`);
  return readGoogleDocument(text, "the credentials file");
}

/** What `gcloud auth application-default login` wrote; null where it did not. */
async function readGcloudFile(env: Environment): Promise<GoogleDocument | null> {
  const home = readVariable(env, "HOME");
  const appData = readVariable(env, "APPDATA");
  const folder =
    readVariable(env, "CLOUDSDK_CONFIG") ??
    (home === null ? (appData === null ? null : `${appData}\\gcloud`) : `${home}/.config/gcloud`);
  if (folder === null) return null;
  const text = await readSmallFile(GOOGLE, "gcloud's file", `${folder}/application_default_credentials.json`);
  return text === null ? null : readGoogleDocument(text, "gcloud's file");
}

async function fetchDocumentToken(
  { identity, impersonation, quotaProject }: GoogleDocument,
  env: Environment,
  now: () => number,
): Promise<AccessToken> {
  const own = await fetchIdentityToken(identity, now);
  const token = impersonation === null ? own : await impersonate(impersonation, own);
  return withQuotaProject(token, quotaProject, env);
}

function withQuotaProject(token: AccessToken, quotaProject: string | null, env: Environment): AccessToken {
  const project = readVariable(env, "GOOGLE_CLOUD_QUOTA_PROJECT") ?? quotaProject;
  return project !== null && /^[\w.:-]+$/.test(project)
    ? { ...token, headers: [["x-goog-user-project", project]] }
    : token;
}

async function fetchIdentityToken(identity: GoogleIdentity, now: () => number): Promise<AccessToken> {
  const readOptions = (what: string) => ({ whose: GOOGLE, what, nowMs: now() });
  switch (identity.kind) {
    case "service-account": {
      const issuedAt = Math.floor(now() / 1_000);
      const assertion = signJwt(
        readPrivateKey(GOOGLE, "private_key", identity.privateKey),
        {
          iss: identity.email,
          scope: SCOPE,
          aud: identity.tokenUrl,
          iat: issuedAt,
          exp: issuedAt + ASSERTION_SECONDS,
        },
        identity.keyId === null ? {} : { kid: identity.keyId },
      );
      const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion };
      return readTokenAnswer(
        await fetchAnswer(identity.tokenUrl, { whose: GOOGLE, what: TOKEN_SERVICE, form }),
        readOptions(TOKEN_SERVICE),
      );
    }
    case "user": {
      const form = {
        grant_type: "refresh_token",
        client_id: identity.clientId,
        client_secret: identity.clientSecret.reveal(),
        refresh_token: identity.refreshToken.reveal(),
      };
      return readTokenAnswer(
        await fetchAnswer(identity.tokenUrl, { whose: GOOGLE, what: TOKEN_SERVICE, form }),
        readOptions(TOKEN_SERVICE),
      );
    }
    case "external":
      return readTokenAnswer(await exchange(identity), readOptions(STS));
    default:
      return identity satisfies never;
  }
}

/** Another provider's token for one of Google's: https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token */
async function exchange(identity: Extract<GoogleIdentity, { kind: "external" }>) {
  const { client, userProject } = identity;
  const subjectToken = await readSubjectToken(identity.source);
  const basic = client === null ? null : Buffer.from(`${client.id}:${client.secret.reveal()}`).toString("base64");
  return fetchAnswer(identity.tokenUrl, {
    whose: GOOGLE,
    what: STS,
    headers: basic === null ? {} : { authorization: `Basic ${basic}` },
    form: {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: identity.audience,
      scope: SCOPE,
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: subjectToken,
      subject_token_type: identity.subjectTokenType,
      ...(client === null && userProject !== null ? { options: JSON.stringify({ userProject }) } : {}),
    },
  });
}

/** https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken */
async function impersonate({ url, lifetimeSeconds, delegates }: Impersonation, own: AccessToken): Promise<AccessToken> {
  const { status, text } = await fetchAnswer(url, {
    whose: GOOGLE,
    what: IAM,
    headers: { authorization: `Bearer ${own.value.reveal()}` },
    json: { scope: [SCOPE], lifetime: `${lifetimeSeconds}s`, ...(delegates.length === 0 ? {} : { delegates }) },
  });
  const answer = parseObject(text);
  const token = asString(answer?.["accessToken"]);
  const expiresAtMs = Date.parse(asString(answer?.["expireTime"]) ?? "");
  if (status !== 200 || token === null || Number.isNaN(expiresAtMs)) {
    throw tokenError(GOOGLE, `${IAM} answered with status ${status}${codeOf(answer)} and no token.`, causeOf(answer));
  }
  return { value: checkToken(token, GOOGLE, IAM), expiresAtMs };
}
