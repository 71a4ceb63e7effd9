/** How two JSON values differ, as paths. */
import type { Json, JsonObject } from "../../../src/lib/json.ts";

export type Difference = {
  /** `choices[].message.content`: positions are left out, so that equal reasons look equal. */
  readonly path: string;
  readonly expected: Json | undefined;
  readonly got: Json | undefined;
};

const MAX_DIFFERENCES = 200;

/** Where `got` is not `expected`. The order of members means nothing. */
export function differences(expected: Json | undefined, got: Json | undefined): Difference[] {
  const found: Difference[] = [];
  compare(expected, got, "", found);
  return found;
}

function compare(expected: Json | undefined, got: Json | undefined, path: string, found: Difference[]): void {
  if (expected === got || found.length >= MAX_DIFFERENCES) return;
  if (Array.isArray(expected) && Array.isArray(got)) {
    for (let index = 0; index < Math.max(expected.length, got.length); index += 1) {
      compare(expected[index] as Json | undefined, got[index] as Json | undefined, `${path}[]`, found);
    }
  } else if (isPlainObject(expected) && isPlainObject(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      compare(expected[key], got[key], path === "" ? key : `${path}.${key}`, found);
    }
  } else found.push({ path, expected, got });
}

function isPlainObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One difference in a line, its values shortened. */
export function describeDifference({ path, expected, got }: Difference): string {
  const how = got === undefined ? "is missing" : expected === undefined ? "is new" : "differs";
  return `${path === "" ? "the whole" : path} ${how}`;
}

export function showDifference(difference: Difference): string {
  return `${describeDifference(difference)}: ${shorten(difference.expected)} → ${shorten(difference.got)}`;
}

function shorten(value: Json | undefined): string {
  const json = value === undefined ? "–" : JSON.stringify(value);
  return json.length <= 120 ? json : `${json.slice(0, 117)}…`;
}
