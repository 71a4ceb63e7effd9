/** What a neutral answer, or a neutral stream, says: to be held against what the oracle finds in the wire. */
import type { NeutralAnswer, NeutralEvent, NeutralUsage, Part } from "../../../src/dialect/neutral.ts";
import type { Usage } from "../../../src/exchange.ts";
import { NO_USAGE } from "../../../src/lib/usage.ts";
import { argumentsOf, type CallFact, type ChoiceFacts, type Facts } from "./oracle/oracle.ts";

export function factsOfAnswer(answer: NeutralAnswer): Facts {
  const choices = answer.choices.map((choice): ChoiceFacts => {
    const gathered = emptyChoice();
    for (const part of choice.parts) gatherPart(gathered, part);
    return { ...gathered, finish: choice.finish?.kind ?? null };
  });
  return { choices, usage: plainUsage(answer.usage) };
}

type Gathered = { text: string; reasoning: string; refusal: string; calls: CallFact[] };

function emptyChoice(): Gathered {
  return { text: "", reasoning: "", refusal: "", calls: [] };
}

function gatherPart(gathered: Gathered, part: Part): void {
  switch (part.kind) {
    case "text":
      gathered.text += part.text;
      break;
    case "refusal":
      gathered.refusal += part.text;
      break;
    case "reasoning":
      gathered.reasoning += part.text;
      break;
    case "audio":
      gathered.text += part.transcript ?? "";
      break;
    case "tool-call":
      gathered.calls.push({
        name: part.name,
        arguments: part.isCustom === true ? part.arguments : argumentsOf(part.arguments),
      });
      break;
    default:
  }
}

type OpenCall = { readonly name: string; readonly isCustom: boolean; text: string };
type OpenChoice = {
  parts: Map<number, { kind: string; text: string; call: OpenCall | null }>;
  finish: ChoiceFacts["finish"];
  others: Part[];
};

/** The same of a stream's events. */
export function factsOfEvents(events: readonly NeutralEvent[]): Facts {
  const choices = new Map<number, OpenChoice>();
  let usage: NeutralUsage | null = null;
  for (const event of events) {
    if (event.kind === "usage") usage = event.usage;
    if (!("choice" in event)) continue;
    let choice = choices.get(event.choice);
    if (choice === undefined) choices.set(event.choice, (choice = { parts: new Map(), finish: null, others: [] }));
    if (event.kind === "finish") choice.finish = event.finish.kind;
    if (event.kind === "part-start") {
      const { start } = event;
      if (start.kind === "whole") choice.others.push(start.part);
      const call =
        start.kind === "tool-call" ? { name: start.name, isCustom: start.isCustom === true, text: "" } : null;
      choice.parts.set(event.part, { kind: start.kind, text: "", call });
    }
    const part = "part" in event ? choice.parts.get(event.part) : undefined;
    if (part === undefined) continue;
    if (event.kind === "text-delta" || event.kind === "reasoning-delta") part.text += event.text;
    if (event.kind === "audio-delta") part.text += event.transcript;
    if (event.kind === "tool-call-arguments-delta" && part.call !== null) part.call.text += event.text;
  }
  const inOrder = [...choices.entries()].toSorted(([a], [b]) => a - b);
  return { choices: inOrder.map(([, choice]) => closeChoice(choice)), usage: plainUsage(usage) };
}

function closeChoice({ parts, finish, others }: OpenChoice): ChoiceFacts {
  const gathered = emptyChoice();
  for (const { kind, text, call } of parts.values()) {
    if (call !== null) {
      gathered.calls.push({ name: call.name, arguments: call.isCustom ? call.text : argumentsOf(call.text) });
    } else if (kind === "reasoning") gathered.reasoning += text;
    else if (kind === "refusal") gathered.refusal += text;
    else gathered.text += text;
  }
  for (const part of others) gatherPart(gathered, part);
  return { ...gathered, finish };
}

function plainUsage(usage: NeutralUsage | null): Usage | null {
  if (usage === null) return null;
  const plain: Record<string, number | null> = {};
  for (const key in NO_USAGE) plain[key] = usage[key as keyof Usage];
  return plain as Usage;
}
