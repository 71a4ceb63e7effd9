/** What one provider file says: a place that serves models, as data (DESIGN section 4). */
export interface ProviderDefinition {
  readonly id: string;
  readonly dialect: string;
  /** As in that provider's own SDK; null when every deployment has its own and the config must name it. */
  readonly baseUrl: string | null;
  /** How the key travels; null for a provider that takes none. */
  readonly credential: { readonly header: string; readonly scheme: string; readonly env: string } | null;
  /** Whether a config entry may leave out the key (local servers). */
  readonly isKeyOptional?: boolean;
  /** Answers by itself, inside the process. */
  readonly isEmbedded?: boolean;
  /** One line for `llmux providers` and the docs; the page the facts come from. */
  readonly source: string;
}

/** Declares a provider; it only checks the shape, so that a provider's file is data. */
export function defineProvider(definition: ProviderDefinition): ProviderDefinition {
  return definition;
}
