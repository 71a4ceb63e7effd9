import { gatherText } from "../../lib/gather-text.ts";
import { asString, type JsonObject } from "../../lib/json.ts";
import type { Opaque, PartStart } from "../neutral.ts";
import { writeCallItem } from "./call-item.ts";
import type { EventWriter } from "./event-writer.ts";

/** A function call or custom tool call on its way. */
export class CallWriter {
  signature: Opaque | null = null;
  readonly #out: EventWriter;
  readonly #start: Extract<PartStart, { kind: "tool-call" }>;
  readonly #isOwn: boolean;
  readonly #isCustom: boolean;
  readonly #place: number;
  readonly #id: string;
  readonly #type: string;
  readonly #before: string;
  readonly #behind: string;
  #arguments = "";

  constructor(out: EventWriter, start: Extract<PartStart, { kind: "tool-call" }>, isOwn: boolean) {
    this.#out = out;
    this.#start = start;
    this.#isOwn = isOwn;
    this.#isCustom = start.isCustom === true;
    this.#place = out.takePlace();
    const given = isOwn ? asString(start.extra?.["id"]) : null;
    this.#id = given !== null && given !== "" ? given : out.ids.next(this.#isCustom ? "ctc" : "fc");
    this.#type = this.#isCustom ? "response.custom_tool_call_input" : "response.function_call_arguments";
    this.#before = `event: ${this.#type}.delta\ndata: {"type":"${this.#type}.delta","sequence_number":`;
    this.#behind = `,"item_id":${JSON.stringify(this.#id)},"output_index":${this.#place},"delta":`;
  }

  open(): string {
    const own = this.#isOwn ? this.#start.extra : undefined;
    return this.#out.openItem(
      this.#place,
      writeCallItem({ ...this.#start, arguments: "" }, { ...own, id: this.#id, status: "in_progress" }),
    );
  }

  delta(text: string): string {
    if (text === "") return "";
    this.#arguments = gatherText(this.#arguments, text);
    this.#out.hold(text.length);
    return `${this.#before}${this.#out.next()}${this.#behind}${JSON.stringify(text)}}\n\n`;
  }

  close(extra: JsonObject | null): string {
    // A function without arguments: callers parse what they get.
    const filled = this.#arguments === "" && !this.#isCustom ? this.delta("{}") : "";
    const json = JSON.stringify(this.#arguments);
    const at = `"item_id":${JSON.stringify(this.#id)},"output_index":${this.#place}`;
    const done = this.#isCustom
      ? this.#out.event(`${this.#type}.done`, `${at},"input":${json}`)
      : this.#out.event(`${this.#type}.done`, `${at},"name":${JSON.stringify(this.#start.name)},"arguments":${json}`);
    const own = this.#isOwn ? { ...this.#start.extra, ...extra } : { status: "completed" };
    const item = writeCallItem({ ...this.#start, arguments: this.#arguments }, { ...own, id: this.#id });
    this.#out.hold(-this.#arguments.length);
    return filled + done + this.#out.closeItem(this.#place, JSON.stringify(item));
  }
}
