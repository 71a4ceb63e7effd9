import type { ProviderDefinition, SettingKey } from "../provider/define.ts";
import type { CompileContext } from "./compile-provider.ts";
import type { Path } from "./problem.ts";
import type { ProviderEntry } from "./schema.ts";

/** What a provider's URLs and authentication need beyond a key: region, project, account, API version. */
export type Settings = Readonly<Partial<Record<SettingKey, string>>>;

const KEYS: readonly SettingKey[] = ["region", "project", "account", "api_version"];
/** What becomes part of a URL may not change which URL it is. */
const VALUE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The settings of one entry: from the config, the environment, or the definition's default; null when one is missing or unfit. */
export function compileSettings(
  path: Path,
  entry: ProviderEntry,
  definition: ProviderDefinition,
  baseUrl: string,
  { problems, warnings, env, show }: CompileContext,
): Settings | null {
  const known = definition.settings ?? [];
  const settings: Partial<Record<SettingKey, string>> = {};
  const texts = JSON.stringify([baseUrl, definition.surfaces.map(({ endpoints, query }) => [endpoints, query])]);
  let isComplete = true;
  for (const key of KEYS) {
    const setting = known.find((one) => one.key === key);
    const written = entry[key];
    if (setting === undefined) {
      if (written !== undefined)
        warnings.push(`providers.${String(path[1])}.${key} has no effect for ${definition.id}.`);
      continue;
    }
    const fromEnv = setting.env.map((name) => env[name]).find((value) => value !== undefined && value !== "");
    const value = written ?? fromEnv ?? setting.default;
    if (value !== null && VALUE.test(value)) settings[key] = value;
    else if (value !== null) {
      const got = written === undefined ? "something else from the environment" : show([...path, key]);
      problems.add(
        [...path, key],
        `expected ${setting.expected}, got ${got}`,
        written === undefined ? { at: "key" } : {},
      );
      isComplete = false;
    } else if (texts.includes(`{${key}}`) || definition.makeAuthorizer !== undefined) {
      const example = setting.env[0] === undefined ? "" : ` (or the environment variable ${setting.env[0]})`;
      problems.add([...path, key], `expected ${setting.expected}${example}, got nothing`, { at: "key" });
      isComplete = false;
    }
  }
  return isComplete ? settings : null;
}

/** A definition's text with `{region}` and the like filled in; `{model}` stays. */
export function fillSettings(text: string, settings: Settings): string {
  return text.replaceAll(/\{(region|project|account|api_version)\}/g, (_, key: SettingKey) => settings[key] ?? "");
}
