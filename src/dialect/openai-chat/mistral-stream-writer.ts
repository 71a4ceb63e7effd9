import { GatewayError } from "../../errors.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { NeutralEvent, ToolCallPart } from "../neutral.ts";
import { signatureChunk, thinkingChunk } from "./mistral-client.ts";
import { ChatStreamWriter } from "./stream-writer.ts";

/** A call's arguments are a few kilobytes. */
const MAX_ARGUMENTS_CHARS = 8 * 1024 * 1024;

type HeldCall = { id: string; name: string; arguments: string; index: number };

/** A stream for Mistral's own SDKs (mistral-client.ts): what differs is said here, everything else as to any caller. */
export class MistralStreamWriter implements StreamWriter {
  readonly contentType = "text/event-stream";
  readonly #plain: ChatStreamWriter;
  /** Calls whose arguments are on their way, and parts that reason, by choice and part. */
  readonly #calls = new Map<string, HeldCall>();
  readonly #reasoning = new Set<string>();
  readonly #callCounts: number[] = [];

  constructor(context: AnswerContext) {
    this.#plain = new ChatStreamWriter(context);
  }

  write(event: NeutralEvent): string {
    if (!("part" in event)) return this.#plain.write(event);
    const key = `${event.choice}:${event.part}`;
    switch (event.kind) {
      case "part-start":
        return this.#start(event, key);
      case "reasoning-delta":
        return this.#think(event.choice, thinkingChunk(event.text));
      case "tool-call-arguments-delta":
        this.#hold(key, event.text);
        return "";
      case "signature":
        return this.#think(event.choice, signatureChunk(event.opaque));
      case "part-end":
        if (this.#reasoning.delete(key)) return "";
        return this.#calls.has(key) ? this.#sendCall(event.choice, key) : this.#plain.write(event);
      default:
        return this.#plain.write(event);
    }
  }

  #start(event: Extract<NeutralEvent, { kind: "part-start" }>, key: string): string {
    const { start, choice } = event;
    if (start.kind === "reasoning") {
      this.#reasoning.add(key);
      return "";
    }
    if (start.kind !== "tool-call") return this.#plain.write(event);
    const index = this.#callCounts[choice] ?? 0;
    this.#callCounts[choice] = index + 1;
    this.#calls.set(key, { id: start.id, name: start.name, arguments: "", index });
    return start.signature === undefined ? "" : this.#think(choice, signatureChunk(start.signature));
  }

  #hold(key: string, text: string): void {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    call.arguments += text;
    if (call.arguments.length > MAX_ARGUMENTS_CHARS) {
      throw new GatewayError("upstream_error", "The provider's tool call is longer than can be put together.", {
        upstreamType: "protocol",
      });
    }
  }

  #sendCall(choice: number, key: string): string {
    const { id, name, arguments: given, index } = this.#calls.get(key) as HeldCall;
    this.#calls.delete(key);
    const call: Pick<ToolCallPart, "name" | "arguments"> = { name, arguments: given === "" ? "{}" : given };
    return this.#plain.writeDelta(choice, { tool_calls: [{ index, id, type: "function", function: call }] });
  }

  #think(choice: number, chunk: JsonObject): string {
    return this.#plain.writeDelta(choice, { content: [chunk] });
  }
}
