import type { Finish, FinishKind } from "../neutral.ts";
import { tableOf } from "../../lib/table.ts";

/**
 * `done_reason`: https://github.com/ollama/ollama/blob/main/llm/server.go (DoneReason); "load" and "unload" answer requests without
 * a prompt. It has no words for an answer that a filter or a fault cut short: such an answer must not pass for a whole one, so it
 * gets other APIs' words.
 */
const KINDS: Readonly<Record<string, FinishKind>> = tableOf({
  stop: "stop",
  length: "length",
  load: "other",
  unload: "other",
});

const OWN: ReadonlySet<string> = new Set(["stop", "length", "load", "unload"]);

/** Ollama says "stop" of an answer with tool calls too. */
export function readFinish(reason: string | null, hasCalls: boolean): Finish {
  const kind = reason === null ? "stop" : (KINDS[reason] ?? "other");
  return { kind: kind === "stop" && hasCalls ? "tool-calls" : kind, native: reason, stopSequence: null };
}

export function writeFinish({ kind, native }: Finish): string {
  if (native !== null && OWN.has(native) && readFinish(native, kind === "tool-calls").kind === kind) return native;
  switch (kind) {
    case "length":
    case "context-window":
      return "length";
    case "content-filter":
      return "content_filter";
    case "error":
      return "error";
    case "stop":
    case "stop-sequence":
    case "tool-calls":
    case "refusal":
    case "pause":
    case "other":
      return "stop";
    default:
      return kind satisfies never;
  }
}
