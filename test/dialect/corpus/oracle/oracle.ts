/**
 * An independent reading of each API, written from its documentation and from nothing in src/: what frames its streams have, what
 * whole answer they make, what that answer says. The dialects are measured against it.
 */
import type { DialectId, FinishKind } from "../../../../src/dialect/neutral.ts";
import type { Usage } from "../../../../src/exchange.ts";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";

/** One event of a stream as the wire has it: its name there ("" where it has none) and its JSON. */
export type WireEvent = { readonly type: string; readonly data: JsonObject };

export type CallFact = { readonly name: string; readonly arguments: Json };

/** What one choice of an answer says, whatever API says it. */
export type ChoiceFacts = {
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly calls: readonly CallFact[];
  readonly finish: FinishKind | null;
};

export type Facts = { readonly choices: readonly ChoiceFacts[]; readonly usage: Usage | null };

export interface Oracle {
  readonly dialect: DialectId;
  /** Cuts a whole body into events; throws on what is no stream of this API. */
  readFrames(body: Buffer): WireEvent[];
  /** The events as one answer in the API's own shape; null where they hold none (only an error). */
  fold(events: readonly WireEvent[]): JsonObject | null;
  /** What an answer says. */
  facts(answer: JsonObject): Facts;
  /** What a stream says; left out where it is what its folded answer says. */
  streamFacts?(events: readonly WireEvent[]): Facts;
}

export type MutableJson = { [key: string]: Json | undefined };

/** A count as the wire has it; null for anything else, also for the negative ones that some servers send. */
export function count(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

export function object(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Arguments as a JSON value; text that is no JSON stays text. */
export function argumentsOf(value: Json | undefined): Json {
  if (typeof value !== "string") return value ?? {};
  if (value.trim() === "") return {};
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value; // a model may write broken JSON, and it is to arrive as broken
  }
}

/** Sum of counts of which some may be missing; null when all are. */
export function sum(...counts: readonly (number | null)[]): number | null {
  let total: number | null = null;
  for (const one of counts) if (one !== null) total = (total ?? 0) + one;
  return total;
}

/** Later members over earlier ones; null says nothing. */
export function assignPresent(target: MutableJson, source: JsonObject, except: readonly string[] = []): void {
  for (const [key, value] of Object.entries(source)) {
    if (value !== null && value !== undefined && !except.includes(key)) target[key] = value;
  }
}
