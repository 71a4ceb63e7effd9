/** Whether a reader keeps the order of events that neutral.ts promises and every writer relies on. */
import type { NeutralEvent, PartStart } from "../../../src/dialect/neutral.ts";
import type { Finding } from "./tally.ts";

type Choice = { readonly open: Map<number, PartStart["kind"]>; next: number; isFinished: boolean };

/** Kinds of part that each delta may belong to; Gemini signs text and calls too. */
const DELTAS: Readonly<Record<string, readonly PartStart["kind"][]>> = {
  "text-delta": ["text", "refusal"],
  "reasoning-delta": ["reasoning"],
  "tool-call-arguments-delta": ["tool-call"],
  "audio-delta": ["audio"],
  citation: ["text"],
  signature: ["reasoning", "text", "tool-call"],
};

export function checkEventOrder(events: readonly NeutralEvent[]): Finding[] {
  const findings: Finding[] = [];
  const choices = new Map<number, Choice>();
  let hasStarted = false;
  let ended: string | null = null;
  const miss = (reason: string, event: NeutralEvent): void => {
    findings.push({ reason, detail: JSON.stringify(event).slice(0, 100) });
  };
  for (const event of events) {
    if (event.kind === "keep-alive") continue;
    if (ended !== null) miss(`${event.kind} after ${ended}`, event);
    if (event.kind === "message-start") {
      if (hasStarted) miss("a second message-start", event);
      hasStarted = true;
    } else if (!hasStarted && event.kind !== "error") miss(`${event.kind} before message-start`, event);
    if (event.kind === "error" || event.kind === "message-end") ended = event.kind;
    if (event.kind === "message-end") {
      for (const { open, isFinished } of choices.values()) {
        if (open.size > 0) miss("message-end with an open part", event);
        if (!isFinished) miss("message-end without a finish", event);
      }
    }
    if ("choice" in event) checkChoice(event, choices, miss);
  }
  return findings;
}

function checkChoice(
  event: Extract<NeutralEvent, { readonly choice: number }>,
  choices: Map<number, Choice>,
  miss: (reason: string, event: NeutralEvent) => void,
): void {
  let choice = choices.get(event.choice);
  if (choice === undefined) choices.set(event.choice, (choice = { open: new Map(), next: 0, isFinished: false }));
  if (choice.isFinished) miss(`${event.kind} after the choice's finish`, event);
  if (event.kind === "finish") {
    if (choice.open.size > 0) miss("finish with an open part", event);
    choice.isFinished = true;
  }
  if (!("part" in event)) return;
  if (event.kind === "part-start") {
    if (event.part !== choice.next) miss("part-start out of order", event);
    choice.next = event.part + 1;
    choice.open.set(event.part, event.start.kind);
    return;
  }
  const kind = choice.open.get(event.part);
  if (kind === undefined) miss(`${event.kind} for a part that is not open`, event);
  else if (event.kind === "part-end") choice.open.delete(event.part);
  else if (DELTAS[event.kind]?.includes(kind) !== true) miss(`${event.kind} in a part of kind ${kind}`, event);
}
