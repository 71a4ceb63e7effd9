/** JSON-schema output through a tool, where an API has no field for it: on the way back the tool's call is the answer's text. */
import type { EventSink } from "./dialect.ts";
import type { Finish, NeutralAnswer, NeutralEvent, NeutralTool, ResponseFormat } from "./neutral.ts";

/** Its name. */
export const JSON_TOOL = "json_output";

export type FunctionTool = Extract<NeutralTool, { kind: "function" }>;

/** The tool whose arguments are the answer. */
export function jsonToolOf(format: Exclude<ResponseFormat, { kind: "text" }>): FunctionTool {
  const { description, schema } = format.kind === "json" ? { description: null, schema: { type: "object" } } : format;
  return {
    kind: "function",
    name: JSON_TOOL,
    description: description ?? "Gives the final answer, as its arguments.",
    parameters: schema,
    isStrict: null,
  };
}

/** The answer with the call of that tool as text. */
export function unwrapJsonTool(answer: NeutralAnswer, tool: string): NeutralAnswer {
  return {
    ...answer,
    choices: answer.choices.map((choice) => {
      let hasOther = false;
      let hasJson = false;
      const parts = choice.parts.map((part) => {
        if (part.kind !== "tool-call") return part;
        if (part.name !== tool) {
          hasOther = true;
          return part;
        }
        hasJson = true;
        return { kind: "text" as const, text: part.arguments };
      });
      return hasJson ? { ...choice, parts, finish: choice.finish && endOf(choice.finish, hasOther) } : choice;
    }),
  };
}

/** The same for a stream. */
export class JsonToolUnwrapper {
  readonly #tool: string;
  readonly #sink: EventSink;
  /** `choice:part` of the calls that are text now. */
  readonly #unwrapped = new Set<string>();
  #hasOther = false;

  constructor(tool: string, sink: EventSink) {
    this.#tool = tool;
    this.#sink = sink;
  }

  push(event: NeutralEvent): void {
    if (event.kind === "part-start" && event.start.kind === "tool-call") {
      if (event.start.name === this.#tool) {
        this.#unwrapped.add(`${event.choice}:${event.part}`);
        this.#sink({ ...event, start: { kind: "text" } });
        return;
      }
      this.#hasOther = true;
    } else if (event.kind === "tool-call-arguments-delta" && this.#unwrapped.has(`${event.choice}:${event.part}`)) {
      this.#sink({ kind: "text-delta", choice: event.choice, part: event.part, text: event.text });
      return;
    } else if (event.kind === "finish" && this.#unwrapped.size > 0) {
      this.#sink({ ...event, finish: endOf(event.finish, this.#hasOther) });
      return;
    }
    this.#sink(event);
  }
}

function endOf(finish: Finish, hasOtherCalls: boolean): Finish {
  if (finish.kind !== "tool-calls" || hasOtherCalls) return finish;
  return { kind: "stop", native: null, stopSequence: null };
}
