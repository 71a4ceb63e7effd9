import { asString, type Json, type JsonObject } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { EventWriter } from "./event-writer.ts";

/** What the API tells of its own tools between an item's `added` and its `done`, where it tells anything. */
const STEPS: Readonly<Record<string, readonly string[]>> = tableOf({
  web_search_call: ["in_progress", "searching", "completed"],
  file_search_call: ["in_progress", "searching", "completed"],
  image_generation_call: ["in_progress", "generating", "completed"],
  mcp_list_tools: ["in_progress", "completed"],
});

/** An item that came as one piece, with the events of its type, so that what follows those (a web page's progress) sees them. */
export function writeNativeItem(out: EventWriter, item: JsonObject): string {
  const type = asString(item["type"]) ?? "";
  const given = asString(item["id"]);
  const id = given !== null && given !== "" ? given : out.ids.next("item");
  const place = out.takePlace();
  const whole: JsonObject = { ...item, id };
  const at = `"item_id":${JSON.stringify(id)},"output_index":${place}`;
  const step = (name: string): string => out.event(`response.${type}.${name}`, at);
  const text = (event: string, member: string, value: Json | undefined): string => {
    const json = JSON.stringify(typeof value === "string" ? value : "");
    return (
      out.event(`response.${event}.delta`, `${at},"delta":${json}`) +
      out.event(`response.${event}.done`, `${at},"${member}":${json}`)
    );
  };
  let events = out.openItem(place, begun(whole, type));
  switch (type) {
    case "code_interpreter_call":
      events +=
        step("in_progress") +
        text("code_interpreter_call_code", "code", item["code"]) +
        step("interpreting") +
        step("completed");
      break;
    case "mcp_call":
      events +=
        step("in_progress") +
        text("mcp_call_arguments", "arguments", item["arguments"]) +
        step(item["error"] === null || item["error"] === undefined ? "completed" : "failed");
      break;
    default:
      for (const name of STEPS[type] ?? []) events += step(name);
  }
  return events + out.closeItem(place, JSON.stringify(whole));
}

/** How an item looks when it is added: its results have not come. */
function begun(item: JsonObject, type: string): JsonObject {
  const status = item["status"] === undefined ? {} : { status: "in_progress" };
  switch (type) {
    case "code_interpreter_call":
      return { ...item, ...status, code: "", outputs: null };
    case "image_generation_call":
      return { ...item, ...status, result: null };
    case "file_search_call":
      return { ...item, ...status, results: null };
    case "mcp_call":
      return { ...item, ...status, arguments: "", output: null };
    case "mcp_list_tools":
      return { ...item, ...status, tools: [] };
    default:
      return { ...item, ...status };
  }
}
