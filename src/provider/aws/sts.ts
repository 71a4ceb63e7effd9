/**
 * The Security Token Service: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
import { type Environment, readVariable } from "../token/access-token.ts";
import { fetchAnswer } from "../token/fetch-answer.ts";
import { AWS, type AwsCredentials, credentialError, makeStaticCredentials, readTime } from "./credentials.ts";
import { RequestSigner } from "./sigv4.ts";

const VERSION = "2011-06-15";

export type AssumedRole = {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | null;
  readonly durationSeconds: number | null;
};

/** One region's STS. */
export class TokenService {
  readonly #region: string;
  readonly #endpoint: string;
  readonly #now: () => number;

  constructor(region: string, env: Environment, now: () => number) {
    this.#region = region;
    this.#now = now;
    this.#endpoint =
      readVariable(env, "AWS_ENDPOINT_URL_STS") ??
      readVariable(env, "AWS_ENDPOINT_URL") ??
      `https://sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  }

  /** Credentials of a role for the bearer of an OIDC token (IRSA): the token is the proof, nothing is signed. */
  async assumeRoleWithWebIdentity(role: AssumedRole, token: string): Promise<AwsCredentials> {
    const parameters = parametersOf("AssumeRoleWithWebIdentity", role);
    parameters.set("WebIdentityToken", token);
    return this.#call(parameters, null);
  }

  /** Credentials of a role for the holder of others. */
  async assumeRole(role: AssumedRole, source: AwsCredentials): Promise<AwsCredentials> {
    const parameters = parametersOf("AssumeRole", role);
    if (role.externalId !== null) parameters.set("ExternalId", role.externalId);
    return this.#call(parameters, source);
  }

  async #call(parameters: URLSearchParams, signWith: AwsCredentials | null): Promise<AwsCredentials> {
    let url: URL;
    try {
      url = new URL(this.#endpoint);
    } catch (error) {
      // Only an override can be no URL.
      throw credentialError(
        "AWS_ENDPOINT_URL_STS should be a URL such as https://sts.eu-central-1.amazonaws.com.",
        error,
      );
    }
    const signed =
      signWith === null
        ? []
        : new RequestSigner("sts", this.#region).sign(
            {
              method: "POST",
              path: `${url.pathname}${url.search}`,
              hostHeader: url.host,
              body: Buffer.from(parameters.toString(), "utf8"),
            },
            signWith,
            this.#now(),
          );
    const { status, text } = await fetchAnswer(url.href, {
      whose: AWS,
      what: "STS",
      // XML, unless JSON is asked for.
      headers: { ...Object.fromEntries(signed), accept: "text/xml" },
      form: parameters,
    });
    const role = parameters.get("RoleArn");
    if (status !== 200) {
      const why = [elementOf(text, "Code"), elementOf(text, "Message")].filter((part) => part !== null).join(": ");
      throw credentialError(
        `STS refused ${parameters.get("Action")} of ${role} with status ${status}${why === "" ? "" : ` (${why.slice(0, 300)})`}.`,
      );
    }
    const accessKeyId = elementOf(text, "AccessKeyId");
    const secret = elementOf(text, "SecretAccessKey");
    const token = elementOf(text, "SessionToken");
    const expiration = elementOf(text, "Expiration");
    if (accessKeyId === null || secret === null || token === null || expiration === null) {
      throw credentialError(`STS answered ${parameters.get("Action")} of ${role} without credentials.`);
    }
    return { ...makeStaticCredentials(accessKeyId, secret, token), expiresAtMs: readTime(expiration, "STS") };
  }
}

function parametersOf(action: string, { roleArn, sessionName, durationSeconds }: AssumedRole): URLSearchParams {
  const parameters = new URLSearchParams({
    Action: action,
    Version: VERSION,
    RoleArn: roleArn,
    RoleSessionName: sessionName,
  });
  if (durationSeconds !== null) parameters.set("DurationSeconds", String(durationSeconds));
  return parameters;
}

/** The text of the first element of that name: STS's answers have each of these once, and no attributes. */
function elementOf(xml: string, name: string): string | null {
  const from = xml.indexOf(`<${name}>`);
  const to = xml.indexOf(`</${name}>`, from);
  if (from === -1 || to === -1) return null;
  const text = xml.slice(from + name.length + 2, to).trim();
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
