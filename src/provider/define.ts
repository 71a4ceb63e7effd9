import type { Authorizer, Quirks, Surface } from "../exchange.ts";
import type { Secret } from "../lib/secret.ts";

/** What an entry of the config may say beside its key, and what the definition's texts may name as `{region}` and so on. */
export type SettingKey = "region" | "project" | "account" | "api_version";

/** A setting a provider's URL or authentication needs. */
export type ProviderSetting = {
  readonly key: SettingKey;
  /** Environment variables that give it where the config does not, first found wins. */
  readonly env: readonly string[];
  readonly default: string | null;
  /** "an AWS region such as eu-central-1": what an error says was expected. */
  readonly expected: string;
};

/** One API this provider speaks; the first is its main one. Left out: everything as its dialect has it by default. */
export type SurfaceDefinition = {
  readonly dialect: string;
  readonly models?: RegExp;
  /**
   * By endpoint name ("chat.completions", "embeddings", "messages" …); a string is the path, `true` the dialect's own. A path of its
   * own for streams, where the dialect says them in the body, stands under "messages#stream" beside "messages".
   */
  readonly endpoints?: Readonly<Record<string, string | true>>;
  /** Texts may name settings, as the base URL does; "{model}" alone is the model's name there. */
  readonly body?: Surface["body"];
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly quirks?: Partial<Quirks>;
};

/** What an authorizer is made from. */
export type AuthorizerInput = {
  /** The config's `api_key`; null where there is none and the surroundings give the credential (metadata server, IRSA …). */
  readonly apiKey: Secret | null;
  readonly settings: Readonly<Partial<Record<SettingKey, string>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
};

/** What one provider file says: a place that serves models, as data (DESIGN section 4). */
export interface ProviderDefinition {
  readonly id: string;
  /** As it calls itself. */
  readonly name: string;
  /** As in that provider's own SDK, `{region}` and other settings filled in; null when every deployment has its own and the config must name it. */
  readonly baseUrl: string | null;
  /** Base URLs of regions whose host is not made like the others' ("global", "us"). */
  readonly regionalBaseUrls?: Readonly<Record<string, string>>;
  /** Environment variable that its tools read a base URL from (OLLAMA_HOST, AZURE_OPENAI_ENDPOINT). */
  readonly baseUrlEnv?: string;
  readonly surfaces: readonly [SurfaceDefinition, ...SurfaceDefinition[]];
  /** How the key travels; `env`: where it usually stands, first found wins. null for a provider that takes none. */
  readonly credential: { readonly header: string; readonly scheme: string; readonly env: readonly string[] } | null;
  /** Instead of the credential's header: signs each request, or fetches and renews a token. */
  readonly makeAuthorizer?: (input: AuthorizerInput) => Authorizer;
  /** Without a key in config or environment: true when the surroundings may give one all the same. */
  readonly isKeyOptional?: boolean;
  readonly settings?: readonly ProviderSetting[];
  /** Extra headers for every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that tell when limits reset, for cool-downs. */
  readonly rateLimitHeaders?: readonly string[];
  /** Answers by itself, inside the process. */
  readonly isEmbedded?: boolean;
  /** The documentation page (or pages) the facts come from. */
  readonly source: string | readonly string[];
  /** What could not be checked against a public source. */
  readonly unchecked?: string;
}

/** Declares a provider; it only checks the shape, so that a provider's file is data. */
export function defineProvider(definition: ProviderDefinition): ProviderDefinition {
  return definition;
}
