import { createHash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { Credential } from "../exchange.ts";
import { Secret } from "../lib/secret.ts";
import type { ProviderDefinition } from "../provider/define.ts";
import type { CompileContext } from "./compile-provider.ts";
import { checkHeaderValue } from "./header-field.ts";
import type { Path } from "./problem.ts";
import type { Settings } from "./provider-settings.ts";
import type { ProviderEntry } from "./schema.ts";

/** The credentials of one entry under `providers`; what is wrong with them goes to the problems, and nothing of them with it. */
export function compileCredentials(
  path: Path,
  entry: ProviderEntry,
  definition: ProviderDefinition,
  settings: Settings | null,
  context: CompileContext,
): readonly Credential[] {
  const { problems } = context;
  const scheme = definition.credential;
  const owner = String(path[1]);
  const hasSeveral = entry.api_keys !== undefined;
  const keyPath: Path = hasSeveral ? [...path, "api_keys"] : [...path, "api_key"];
  if (hasSeveral && entry.api_key !== undefined) {
    problems.add(keyPath, "expected api_key or api_keys, got both", { at: "key" });
    return [];
  }
  const values = entry.api_keys ?? (entry.api_key === undefined ? [] : [entry.api_key]);
  const { makeAuthorizer } = definition;
  const authorizer = (apiKey: Secret | null, at: Path): Credential[] => {
    // A missing setting has been reported already.
    if (makeAuthorizer === undefined || settings === null) return [];
    try {
      const made = makeAuthorizer({ apiKey, settings, env: context.env, now: Date.now });
      const id = hashCredential(owner, definition.id, JSON.stringify(settings), apiKey?.reveal() ?? "");
      return [{ kind: "authorizer", id, authorizer: made }];
    } catch (error) {
      // A key of the wrong form: its message says what was expected, and nothing of the key.
      problems.add(at, GatewayError.from(error).message, apiKey === null ? { at: "key" } : {});
      return [];
    }
  };
  if (scheme === null && makeAuthorizer === undefined) {
    if (values.length > 0)
      problems.add(keyPath, `expected no credential, because ${definition.id} takes none, got one`, { at: "key" });
    return [];
  }
  if (values.length === 0) {
    if (definition.isKeyOptional === true) return authorizer(null, keyPath);
    const variable = scheme?.env[0];
    const example = variable === undefined ? "" : `, such as api_key: "\${${variable}}"`;
    problems.add(keyPath, `expected api_key${example}, got nothing`, { at: "key" });
    return [];
  }
  const seen = new Set<string>();
  return values.flatMap((value, index): Credential[] => {
    const valuePath = hasSeveral ? [...keyPath, index] : keyPath;
    const key = context.readText(value, valuePath);
    if (key === null) return [];
    if (seen.has(key)) problems.add(valuePath, "expected every credential once, got one for the second time");
    seen.add(key);
    // What an authorizer reads (a service account's JSON) never becomes a header itself.
    if (makeAuthorizer !== undefined) return authorizer(new Secret(key), valuePath);
    const problem = checkHeaderValue(key);
    if (problem !== null) problems.add(valuePath, problem);
    const { header, scheme: word } = scheme as NonNullable<typeof scheme>;
    const name = header.toLowerCase();
    return [
      {
        kind: "header",
        id: hashCredential(owner, definition.id, name, key),
        header: name,
        value: new Secret(word === "" ? key : `${word} ${key}`),
      },
    ];
  });
}

/**
 * A credential's id: the same over reloads while it is the same credential of the same entry. Sixteen digits tell two
 * keys apart and lead back to none, since providers' keys are long and random.
 */
function hashCredential(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
