import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../lib/json.ts";
import type { EventSink } from "./dialect.ts";
import type { PartStart } from "./neutral.ts";

/** Kinds of part that a dialect without boundaries continues until another kind comes. */
export type RunningKind = "text" | "reasoning" | "refusal";

const NO_EXTRA = null;
/** Far more than an answer has: writers keep something of each. A provider that begins more is broken. */
const MAX_PARTS = 16_384;

/** What is open in one choice. */
type ChoiceState = {
  next: number;
  /** The open text, reasoning or refusal part; -1: none. */
  running: number;
  runningKind: RunningKind | null;
  /** Other open parts (tool calls), in order. */
  readonly others: number[];
};

/**
 * Makes well-formed parts of deltas that know no boundaries (chat completions, Ollama, Gemini): numbers them, opens and closes
 * them. One for each stream.
 */
export class PartTracker {
  readonly #choices: (ChoiceState | undefined)[] = [];

  /** Index of the open part of that kind; closes an open one of another kind and opens one if needed. */
  continue(sink: EventSink, choice: number, kind: RunningKind): number {
    const state = this.#stateOf(choice);
    if (state.runningKind === kind) return state.running;
    this.#closeRunning(sink, choice, state);
    const part = nextOf(state);
    state.running = part;
    state.runningKind = kind;
    sink({ kind: "part-start", choice, part, start: { kind } });
    return part;
  }

  /** Opens a part (and closes the open text-like one of its choice); returns its index. */
  open(sink: EventSink, choice: number, start: PartStart): number {
    const state = this.#stateOf(choice);
    this.#closeRunning(sink, choice, state);
    const part = nextOf(state);
    if (start.kind === "text" || start.kind === "reasoning" || start.kind === "refusal") {
      state.running = part;
      state.runningKind = start.kind;
    } else state.others.push(part);
    sink({ kind: "part-start", choice, part, start });
    return part;
  }

  /** Closes a part; one that is not open is left alone. */
  close(sink: EventSink, choice: number, part: number, extra: JsonObject | null = NO_EXTRA): void {
    const state = this.#stateOf(choice);
    if (state.running === part) {
      state.running = -1;
      state.runningKind = null;
    } else {
      const at = state.others.indexOf(part);
      if (at === -1) return;
      state.others.splice(at, 1);
    }
    sink({ kind: "part-end", choice, part, extra });
  }

  /** Closes everything that is open in a choice. */
  closeAll(sink: EventSink, choice: number): void {
    const state = this.#stateOf(choice);
    this.#closeRunning(sink, choice, state);
    for (const part of state.others.splice(0)) sink({ kind: "part-end", choice, part, extra: NO_EXTRA });
  }

  #closeRunning(sink: EventSink, choice: number, state: ChoiceState): void {
    if (state.runningKind === null) return;
    const part = state.running;
    state.running = -1;
    state.runningKind = null;
    sink({ kind: "part-end", choice, part, extra: NO_EXTRA });
  }

  #stateOf(choice: number): ChoiceState {
    return (this.#choices[choice] ??= { next: 0, running: -1, runningKind: null, others: [] });
  }
}

/** Throws GatewayError `upstream_error` beyond 16,384 parts. */
function nextOf(state: ChoiceState): number {
  if (state.next < MAX_PARTS) return state.next++;
  throw new GatewayError("upstream_error", `The provider's answer has more than ${MAX_PARTS} parts.`, {
    upstreamType: "protocol",
  });
}
