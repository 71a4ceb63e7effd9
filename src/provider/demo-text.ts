/** The demo provider's words, numbers and marks: all of them follow from the request alone. */

/** The moment every demo answer carries, so that the same request gets the same bytes. */
export const DEMO_CREATED_S = 1_700_000_000;

const MAX_QUOTED_CHARS = 2000;

/** 32 bits that follow from a text (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  }
  return hash >>> 0;
}

/** An id as the API writes them, from the request's own content. */
export function makeDemoId(prefix: string, seed: string): string {
  const parts = ["a", "b", "c"].map((salt) =>
    hashText(salt + seed)
      .toString(16)
      .padStart(8, "0"),
  );
  return `${prefix}demo${parts.join("")}`;
}

/** A rough count of tokens: four characters each, as OpenAI's own rule of thumb says. */
export function countDemoTokens(text: string): number {
  return text === "" ? 0 : Math.max(1, Math.ceil(text.length / 4));
}

/** What the demo says to a text: labelled as a demo, with the text in it, so that a caller sees its own request come back. */
export function writeDemoText(said: string): string {
  const quoted = said.length > MAX_QUOTED_CHARS ? `${said.slice(0, MAX_QUOTED_CHARS)}…` : said;
  return (
    `This is the demo provider of LLMux: no model was asked. You said: "${quoted}". ` +
    "Name a real provider in the config and the same request will be answered by a model."
  );
}

/** A text in pieces of one word each, as a model's stream comes; the pieces joined are the text. */
export function splitIntoWords(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** The text cut after `maxTokens` of its words, and whether anything was cut. */
export function limitWords(text: string, maxTokens: number | null): { readonly text: string; readonly isCut: boolean } {
  const words = splitIntoWords(text);
  if (maxTokens === null || words.length <= maxTokens) return { text, isCut: false };
  return { text: words.slice(0, maxTokens).join(""), isCut: true };
}

const MAX_SAMPLE_DEPTH = 8;
const MAX_SAMPLE_PROPERTIES = 64;

/** A value that fits a JSON Schema's plain parts (type, enum, const, properties, items, anyOf), for demo tool calls. */
export function sampleFromSchema(schema: unknown, said: string, depth = 0): unknown {
  if (depth > MAX_SAMPLE_DEPTH) return null;
  const choice = asList(getField(schema, "enum"))[0];
  if (choice !== undefined) return choice;
  const fixed = getField(schema, "const");
  if (fixed !== undefined) return fixed;
  const variant = asList(getField(schema, "anyOf") ?? getField(schema, "oneOf"))[0];
  if (variant !== undefined) return sampleFromSchema(variant, said, depth + 1);
  const type = getField(schema, "type");
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      return said.slice(0, 100);
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return [sampleFromSchema(getField(schema, "items"), said, depth + 1)];
    default: {
      const properties = getField(schema, "properties");
      if (typeof properties !== "object" || properties === null) return {};
      const entries = Object.entries(properties).slice(0, MAX_SAMPLE_PROPERTIES);
      return Object.fromEntries(entries.map(([name, part]) => [name, sampleFromSchema(part, said, depth + 1)]));
    }
  }
}

/** A field of something that came from outside; undefined where there is none. */
export function getField(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

/** A positive whole number, or null. */
export function asCount(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : null;
}

/** The text of a message's content: a string, or a list of parts of which the text ones count. */
export function readContentText(content: unknown): string {
  if (typeof content === "string") return content;
  return asList(content)
    .map((part) => getField(part, "text"))
    .filter((text) => typeof text === "string")
    .join("\n");
}
