/** The recorded translations (`../shared/wire/goldens.jsonl`): what one other translator, tested against the live APIs, makes of the same. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { WireEvent } from "./oracle/oracle.ts";

const PATH = join(import.meta.dir, "../../../../shared/wire/goldens.jsonl");

/** The recordings' names of the APIs. */
const DIALECT_OF: Readonly<Record<string, DialectId>> = {
  "openai-chat": "openai-chat",
  "openai-responses": "openai-responses",
  "anthropic-messages": "anthropic-messages",
  "gemini-generate": "gemini",
  "bedrock-converse": "bedrock-converse",
};

type GoldenBase = { readonly id: string; readonly name: string; readonly from: DialectId; readonly to: DialectId };
export type Golden =
  | (GoldenBase & { readonly kind: "request" | "response"; readonly input: JsonObject; readonly expected: JsonObject })
  | (GoldenBase & {
      readonly kind: "stream";
      readonly input: readonly JsonObject[];
      readonly expected: readonly WireEvent[];
    })
  | (GoldenBase & { readonly kind: "unsupported"; readonly input: JsonObject; readonly why: string });

/** Null where they are absent. */
export async function readGoldens(): Promise<readonly Golden[] | null> {
  if (!existsSync(PATH)) return null;
  const lines = (await Bun.file(PATH).text()).split("\n").filter((line) => line !== "");
  return lines.map((line, index) => {
    const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const from = DIALECT_OF[record["from_api"] as string];
    const to = DIALECT_OF[record["to_api"] as string];
    if (from === undefined || to === undefined) throw new Error(`goldens.jsonl:${index + 1}: expected known APIs`);
    const base = { id: record["id"] as string, name: record["case"] as string, from, to };
    switch (record["kind"]) {
      case "request":
      case "response": {
        const { input, expected } = record as unknown as { input: JsonObject; expected: JsonObject };
        return { ...base, kind: record["kind"], input, expected };
      }
      case "stream":
        return {
          ...base,
          kind: "stream",
          input: record["input"] as readonly JsonObject[],
          expected: (record["expected"] as { event?: string; data: JsonObject | string }[]).flatMap(
            ({ event, data }) => (typeof data === "string" ? [] : [{ type: event ?? "", data }]),
          ),
        };
      case "unsupported":
        return { ...base, kind: "unsupported", input: record["input"] as JsonObject, why: record["error"] as string };
      default:
        throw new Error(`goldens.jsonl:${index + 1}: expected a known kind, got ${String(record["kind"])}`);
    }
  });
}
