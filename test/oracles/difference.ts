import { readMeaningfulHeaders } from "./headers.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";

/** One place where two requests differ; undefined where one side has nothing. */
export type Difference = { readonly path: string; readonly theirs: unknown; readonly ours: unknown };

/**
 * Everything that differs between the SDK's request and ours, by path: "method", "path", "query.alt", "headers.x-api-key",
 * "body.messages.0.content". Members that are null say as much as members that are not there.
 */
export function compareRequests(theirs: HttpMessage, ours: HttpMessage): readonly Difference[] {
  const found: Difference[] = [];
  compareValues(describeRequest(theirs), describeRequest(ours), "", found);
  return found;
}

function describeRequest(message: HttpMessage) {
  const [path = "", query = ""] = message.target.split(/\?(.*)/s);
  const parameters = [...new URLSearchParams(query)].toSorted();
  return {
    method: message.method,
    path,
    query: Object.fromEntries(parameters),
    headers: readMeaningfulHeaders(message),
    body: message.body.length === 0 ? null : message.json(),
  };
}

function compareValues(theirs: unknown, ours: unknown, path: string, found: Difference[]): void {
  if ((theirs ?? null) === (ours ?? null)) return;
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    for (let index = 0; index < Math.max(theirs.length, ours.length); index += 1) {
      compareValues(theirs[index], ours[index], `${path}.${index}`, found);
    }
    return;
  }
  if (isRecord(theirs) && isRecord(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      compareValues(theirs[key], ours[key], path === "" ? key : `${path}.${key}`, found);
    }
    return;
  }
  found.push({ path, theirs, ours });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One line for a difference. */
export function describeDifference({ path, theirs, ours }: Difference): string {
  return `${path}: the SDK sends ${JSON.stringify(theirs) ?? "nothing"}, we send ${JSON.stringify(ours) ?? "nothing"}`;
}
