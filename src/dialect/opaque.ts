import type { Opaque, OpaqueOwner } from "./neutral.ts";

const PREFIX = "llmux.";
const OWNERS: ReadonlySet<string> = new Set<OpaqueOwner>(["openai", "anthropic", "google", "openai-chat", "cohere"]);

/**
 * How a signature or an encrypted block stands in a dialect's own field: as it is where it is the dialect's own, or else marked with
 * its owner, so that it finds its way back on the next turn and no other provider is ever shown it.
 * `form` "base64": the field must hold base64 (Gemini, Bedrock).
 */
export function wrapOpaque({ owner, data }: Opaque, own: OpaqueOwner, form: "text" | "base64" = "text"): string {
  if (owner === own) return data;
  const wrapped = `${PREFIX}${owner}.${Buffer.from(data, "utf8").toString("base64url")}`;
  return form === "text" ? wrapped : Buffer.from(wrapped, "latin1").toString("base64");
}

/** The reverse: what a caller sent back in such a field. */
export function unwrapOpaque(text: string, own: OpaqueOwner, form: "text" | "base64" = "text"): Opaque {
  const plain = form === "text" ? text : decodeIfWrapped(text);
  if (plain.startsWith(PREFIX)) {
    const dot = plain.indexOf(".", PREFIX.length);
    const owner = plain.slice(PREFIX.length, dot);
    if (dot !== -1 && OWNERS.has(owner)) {
      return {
        owner: owner as OpaqueOwner,
        data: Buffer.from(plain.slice(dot + 1), "base64url").toString("utf8"),
      };
    }
  }
  return { owner: own, data: text };
}

/** base64 of "llmux." begins so, whatever follows. */
const WRAPPED_BASE64 = Buffer.from(PREFIX, "latin1").toString("base64");

function decodeIfWrapped(text: string): string {
  return text.startsWith(WRAPPED_BASE64) ? Buffer.from(text, "base64").toString("latin1") : text;
}
