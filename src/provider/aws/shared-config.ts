/** The files that the AWS CLI and SDKs share: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
import { join } from "node:path";
import { type Environment, readVariable } from "../token/access-token.ts";
import { readSmallFile } from "../token/read-small-file.ts";
import { AWS } from "./credentials.ts";

export type Profile = ReadonlyMap<string, string>;

/** Both files' profiles by name; what the credentials file says wins. */
export async function readProfiles(env: Environment): Promise<ReadonlyMap<string, Profile>> {
  const home = readVariable(env, "HOME") ?? readVariable(env, "USERPROFILE");
  const configPath = readVariable(env, "AWS_CONFIG_FILE") ?? pathIn(home, "config");
  const credentialsPath = readVariable(env, "AWS_SHARED_CREDENTIALS_FILE") ?? pathIn(home, "credentials");
  const profiles = new Map<string, Map<string, string>>();
  if (configPath !== null) {
    for (const [section, values] of parseIni((await readSmallFile(AWS, "AWS's config file", configPath)) ?? "")) {
      // Other sections ("sso-session x", "services x") are no profiles.
      if (section === "default") profiles.set(section, values);
      else if (/^profile\s/.test(section)) profiles.set(section.slice("profile".length).trim(), values);
    }
  }
  if (credentialsPath !== null) {
    for (const [name, values] of parseIni(
      (await readSmallFile(AWS, "AWS's credentials file", credentialsPath)) ?? "",
    )) {
      profiles.set(name, new Map([...(profiles.get(name) ?? []), ...values]));
    }
  }
  return profiles;
}

function pathIn(home: string | null, file: string): string | null {
  return home === null ? null : join(home, ".aws", file);
}

/** Sections with their settings. Lines that begin with a blank belong to a nested setting ("s3 =") and mean nothing here. */
export function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const name = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (name !== undefined) {
      current = sections.get(name) ?? new Map<string, string>();
      sections.set(name, current);
      continue;
    }
    const equals = line.indexOf("=");
    if (equals === -1 || current === null || /^\s/.test(line)) continue;
    const value = line
      .slice(equals + 1)
      .replace(/\s[#;].*$/, "")
      .trim();
    current.set(line.slice(0, equals).trim().toLowerCase(), value);
  }
  return sections;
}
