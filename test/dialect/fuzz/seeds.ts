/** The hand-written seeds of each dialect, and what mutations of one are made with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DIALECTS, ENDPOINTS } from "../../../src/dialect/dialects.ts";
import type { Dialect, Endpoint, Operation } from "../../../src/dialect/dialect.ts";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import type { Material } from "./mutate.ts";
import { wordsOf } from "./words.ts";

export type Seeds = {
  /** By endpoint name. */
  readonly requests: Readonly<Record<string, readonly JsonObject[]>>;
  readonly answers: readonly JsonObject[];
  /** Each a list of events; a string is an event's data as it stands. */
  readonly streams: readonly (readonly Json[])[];
  readonly errors: readonly JsonObject[];
  readonly operationAnswers: Readonly<Partial<Record<Operation, readonly JsonObject[]>>>;
};

export const DIALECT_LIST: readonly Dialect[] = [...DIALECTS.values()];

const SEEDS = new Map(
  DIALECT_LIST.map(({ id }) => [
    id,
    JSON.parse(readFileSync(join(import.meta.dir, `seeds/${id}.json`), "utf8")) as Seeds,
  ]),
);

export function seedsOf(id: DialectId): Seeds {
  return SEEDS.get(id) as Seeds;
}

/** Endpoints whose requests are those of another one. */
const SAME_REQUESTS: Readonly<Record<string, string>> = {
  "gemini.stream": "gemini.generate",
  "bedrock.converse-stream": "bedrock.converse",
  "cohere.embed.v1": "cohere.embed",
  "cohere.rerank.v1": "cohere.rerank",
};

/** Every endpoint whose requests are translated, with its good requests. */
export const TRANSLATED_ENDPOINTS: readonly {
  readonly endpoint: Endpoint;
  readonly requests: readonly JsonObject[];
}[] = ENDPOINTS.filter(({ operation }) => operation !== null).map((endpoint) => {
  const name = endpoint.name.replace(/(?<=^gemini\..*)\.v1$/, "");
  const requests = seedsOf(endpoint.dialect).requests[SAME_REQUESTS[name] ?? name];
  if (requests === undefined) throw new Error(`expected requests for ${endpoint.name} among the seeds`);
  return { endpoint, requests };
});

const materials = new Map<DialectId, Material>();

/** Words and pieces of a dialect, and pieces of all others: what belongs to one API is what another does not expect. */
export function materialOf(id: DialectId): Material {
  let material = materials.get(id);
  if (material === undefined) {
    const pieces: Json[] = [];
    for (const dialect of DIALECT_LIST) {
      const { requests, answers, streams, errors } = seedsOf(dialect.id);
      for (const value of [requests, answers, streams, errors] as Json[]) collectPieces(value, pieces);
    }
    const own: Json[] = [];
    collectPieces(seedsOf(id) as unknown as Json, own);
    material = { words: wordsOf(id), pieces: [...pieces, ...own, ...own, ...own] };
    materials.set(id, material);
  }
  return material;
}

function collectPieces(value: Json, pieces: Json[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const inner of Object.values(value) as Json[]) {
    // Small ones: a whole request inside a request tells nothing that its parts do not.
    if (JSON.stringify(inner).length < 400) pieces.push(inner);
    collectPieces(inner, pieces);
  }
}
