/** The JSON that Google's tools write credentials in: https://docs.cloud.google.com/docs/authentication/application-default-credentials */
import { asArray, asNumber, asObject, asString, type Json, type JsonObject, parseObject } from "../../lib/json.ts";
import { Secret } from "../../lib/secret.ts";
import { tokenError } from "../token/access-token.ts";
import { checkTokenUrl } from "../token/fetch-answer.ts";

export const GOOGLE = "Google";
const TOKEN_URL = "https://oauth2.googleapis.com/token";
const STS_URL = "https://sts.googleapis.com/v1/token";

/** How the token of another identity provider is taken out of a file or an answer. */
export type SubjectFormat = { readonly field: string | null };
export type SubjectSource =
  | { readonly kind: "file"; readonly path: string; readonly format: SubjectFormat }
  | {
      readonly kind: "url";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly format: SubjectFormat;
    };

/** A service account that another credential acts as. */
export type Impersonation = {
  readonly url: string;
  readonly lifetimeSeconds: number;
  readonly delegates: readonly string[];
};

export type GoogleIdentity =
  | {
      readonly kind: "service-account";
      readonly email: string;
      readonly keyId: string | null;
      readonly privateKey: Secret;
      readonly tokenUrl: string;
    }
  | {
      readonly kind: "user";
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly refreshToken: Secret;
      readonly tokenUrl: string;
    }
  | {
      readonly kind: "external";
      readonly audience: string;
      readonly subjectTokenType: string;
      readonly tokenUrl: string;
      readonly source: SubjectSource;
      /** Workforce pools alone. */
      readonly userProject: string | null;
      readonly client: { readonly id: string; readonly secret: Secret } | null;
    };

export type GoogleDocument = {
  readonly identity: GoogleIdentity;
  readonly impersonation: Impersonation | null;
  /** The project that quotas are counted for, where it is not the credential's own. */
  readonly quotaProject: string | null;
};

const DEFAULT_LIFETIME_SECONDS = 3_600;
const KINDS = "service_account, authorized_user, external_account or impersonated_service_account";

/** Reads such a document; `what` names it in errors. Throws GatewayError `upstream_error` for anything else. */
export function readGoogleDocument(text: string, what: string): GoogleDocument {
  const document = parseObject(text);
  if (document === null) throw tokenError(GOOGLE, `${what} should be a JSON object.`);
  return readDocument(document, what);
}

function readDocument(document: JsonObject, what: string): GoogleDocument {
  const quotaProject = asString(document["quota_project_id"]);
  const type = asString(document["type"]);
  switch (type) {
    case "service_account":
      return { identity: readServiceAccount(document, what), impersonation: null, quotaProject };
    case "authorized_user":
      return { identity: readUser(document, what), impersonation: null, quotaProject };
    case "external_account":
      return { identity: readExternal(document, what), impersonation: readImpersonation(document, what), quotaProject };
    case "impersonated_service_account": {
      const source = asObject(document["source_credentials"]);
      if (source === null) throw missing(what, "source_credentials");
      const inner = readDocument(source, `${what}: source_credentials`);
      const impersonation = readImpersonation(document, what);
      if (impersonation === null) throw missing(what, "service_account_impersonation_url");
      if (inner.impersonation !== null) {
        throw tokenError(GOOGLE, `${what}: source_credentials should not impersonate a service account themselves.`);
      }
      return { identity: inner.identity, impersonation, quotaProject: quotaProject ?? inner.quotaProject };
    }
    default:
      throw tokenError(
        GOOGLE,
        `${what} should have the type ${KINDS}, got ${type === null ? "none" : JSON.stringify(type.slice(0, 60))}.`,
      );
  }
}

function readServiceAccount(document: JsonObject, what: string): GoogleIdentity {
  return {
    kind: "service-account",
    email: requireText(document, "client_email", what),
    keyId: asString(document["private_key_id"]),
    privateKey: new Secret(requireText(document, "private_key", what)),
    tokenUrl: readUrl(document, "token_uri", what) ?? TOKEN_URL,
  };
}

function readUser(document: JsonObject, what: string): GoogleIdentity {
  return {
    kind: "user",
    clientId: requireText(document, "client_id", what),
    clientSecret: new Secret(requireText(document, "client_secret", what)),
    refreshToken: new Secret(requireText(document, "refresh_token", what)),
    tokenUrl: readUrl(document, "token_uri", what) ?? TOKEN_URL,
  };
}

function readExternal(document: JsonObject, what: string): GoogleIdentity {
  const clientId = asString(document["client_id"]);
  return {
    kind: "external",
    audience: requireText(document, "audience", what),
    subjectTokenType: requireText(document, "subject_token_type", what),
    tokenUrl: readUrl(document, "token_url", what) ?? STS_URL,
    source: readSource(asObject(document["credential_source"]), what),
    userProject: asString(document["workforce_pool_user_project"]),
    client: clientId === null ? null : { id: clientId, secret: new Secret(asString(document["client_secret"]) ?? "") },
  };
}

/** File and URL alone: a program is not run, and AWS's and X.509's own ways are not there. */
function readSource(source: JsonObject | null, what: string): SubjectSource {
  const format = asObject(source?.["format"]);
  const field = asString(format?.["type"]) === "json" ? asString(format?.["subject_token_field_name"]) : null;
  if (asString(format?.["type"]) === "json" && field === null) {
    throw missing(what, "credential_source.format.subject_token_field_name");
  }
  const path = asString(source?.["file"]);
  if (path !== null) return { kind: "file", path, format: { field } };
  // "environment_id" marks AWS, whose url is that of its metadata service.
  const url = source?.["environment_id"] === undefined ? asString(source?.["url"]) : null;
  if (url === null) throw tokenError(GOOGLE, `${what} should have a credential_source with "file" or "url".`);
  return {
    kind: "url",
    url: checkTokenUrl(GOOGLE, `${what}: credential_source.url`, url, true),
    headers: textsOf(source?.["headers"]),
    format: { field },
  };
}

function readImpersonation(document: JsonObject, what: string): Impersonation | null {
  const url = readUrl(document, "service_account_impersonation_url", what);
  if (url === null) return null;
  const settings = asObject(document["service_account_impersonation"]);
  return {
    url,
    lifetimeSeconds: asNumber(settings?.["token_lifetime_seconds"]) ?? DEFAULT_LIFETIME_SECONDS,
    delegates: asArray(document["delegates"]).filter((delegate) => typeof delegate === "string"),
  };
}

function readUrl(document: JsonObject, name: string, what: string): string | null {
  const text = asString(document[name]);
  return text === null ? null : checkTokenUrl(GOOGLE, `${what}: ${name}`, text);
}

function requireText(document: JsonObject, name: string, what: string): string {
  const text = asString(document[name]);
  if (text === null || text === "") throw missing(what, name);
  return text;
}

function textsOf(value: Json | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(asObject(value) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function missing(what: string, name: string): Error {
  return tokenError(GOOGLE, `${what} should have ${name}.`);
}
