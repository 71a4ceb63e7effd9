/** A caller's `generateContent` request: https://ai.google.dev/api/generate-content#request-body */
import { asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { RequestContext } from "../dialect.ts";
import { NO_SETTINGS, type NeutralMessage, type NeutralRequest, type Part, type RequestSettings } from "../neutral.ts";
import { readGenerationConfig } from "./generation-config.ts";
import { invalid, invalidValue } from "./invalid.ts";
import { type CallIds, readPart } from "./parts.ts";
import { camelize, listOf, messageOf } from "./spelling.ts";
import { readToolConfig, readTools } from "./tools.ts";

/** Marks a message that stood in one content with the message before it. */
export const SAME_CONTENT = "sameContent";

/** Throws GatewayError `invalid_request`. */
export function readRequest(spelled: JsonObject, { model, isStream }: RequestContext): NeutralRequest {
  const body = camelize(spelled);
  const extra: Record<string, Json> = {};
  const settings: { -readonly [K in keyof RequestSettings]?: RequestSettings[K] } = {};
  let tools: NeutralRequest["tools"] = [];
  for (const key in body) {
    const value = body[key] as Json;
    switch (key) {
      case "contents":
      case "systemInstruction":
        break;
      case "tools":
        tools = readTools(value);
        break;
      case "toolConfig": {
        const choice = readToolConfig(value, extra);
        if (choice !== null) settings.toolChoice = choice;
        break;
      }
      case "generationConfig": {
        const config = messageOf(value);
        if (config === null) throw invalidValue("generation_config", "GenerationConfig", value);
        readGenerationConfig(config, settings, extra);
        break;
      }
      case "safetySettings":
        settings.safetySettings = listOf(value);
        break;
      case "serviceTier":
        settings.serviceTier = asString(value);
        break;
      case "model":
        // The path says it; SDKs repeat it in the body.
        break;
      default:
        extra[key] = value;
    }
  }
  return {
    ...NO_SETTINGS,
    ...settings,
    dialect: "gemini",
    model,
    isStream,
    wantsStreamUsage: true,
    messages: readContents(body),
    tools,
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
}

/** `systemInstruction` and `contents` as messages. */
export function readContents(body: JsonObject): NeutralMessage[] {
  const ids = new RequestCallIds();
  const messages: NeutralMessage[] = [];
  const system = readSystem(body["systemInstruction"], ids);
  if (system !== null) messages.push(system);
  const contents = listOf(body["contents"]);
  if (contents.length === 0) {
    throw invalid("* GenerateContentRequest.contents: contents is not specified", "contents");
  }
  for (const [index, item] of contents.entries()) {
    const content = messageOf(item);
    if (content === null) throw invalidValue(`contents[${index}]`, "Content", item);
    readContent(content, `contents[${index}]`, ids, messages);
  }
  return messages;
}

function readSystem(value: Json | undefined, ids: CallIds): NeutralMessage | null {
  if (value === undefined) return null;
  // SDKs' shorthand, which the API takes as well.
  if (typeof value === "string") return { role: "system", parts: [{ kind: "text", text: value }] };
  const content = messageOf(value);
  if (content === null) throw invalidValue("system_instruction", "Content", value);
  const role = content["role"];
  const parts = readParts(content, "system_instruction", ids);
  // The API takes any role here, and none.
  return { role: "system", parts, ...(typeof role === "string" ? { extra: { role } } : {}) };
}

/** One content; where results stand among other parts, the results become messages of their own. */
function readContent(content: JsonObject, place: string, ids: CallIds, messages: NeutralMessage[]): void {
  const said = content["role"];
  if (
    said !== undefined &&
    said !== "user" &&
    said !== "model" &&
    said !== "function" &&
    said !== "tool" &&
    said !== ""
  ) {
    throw invalid("Please use a valid role: user, model.", `${place}.role`);
  }
  const role = said === "model" ? "assistant" : "user";
  const extra = typeof said === "string" && (said === "user" || said === "model") ? null : { role: said ?? null };
  let run: Part[] = [];
  let runRole: NeutralMessage["role"] | null = null;
  let isFirst = true;
  const flush = (): void => {
    if (runRole === null) return;
    const own = isFirst ? extra : { [SAME_CONTENT]: true };
    messages.push({ role: runRole, parts: run, ...(own === null ? {} : { extra: own }) });
    isFirst = false;
    run = [];
  };
  for (const part of readParts(content, place, ids)) {
    const partRole = part.kind === "tool-result" ? "tool" : role;
    if (partRole !== runRole) flush();
    runRole = partRole;
    run.push(part);
  }
  // A content without parts is a turn all the same.
  runRole ??= role;
  flush();
}

function readParts(content: JsonObject, place: string, ids: CallIds): readonly Part[] {
  return listOf(content["parts"]).map((item, index) => {
    if (typeof item === "string") return { kind: "text", text: item };
    const part = asObject(item);
    if (part === null) throw invalidValue(`${place}.parts[${index}]`, "Part", item);
    return readPart(part, ids, `${place}.parts[${index}]`);
  });
}

/** Ids by order for calls that have none; results are matched to them by name, first come first served. */
class RequestCallIds implements CallIds {
  #count = 0;
  readonly #known = new Set<string>();
  /** Calls that no result has answered, by the function's name. */
  readonly #open = new Map<string, string[]>();

  ofCall(name: string, own: string | null): string {
    this.#count++;
    const id = own ?? `call_${this.#count}`;
    this.#known.add(id);
    const open = this.#open.get(name);
    if (open === undefined) this.#open.set(name, [id]);
    else open.push(id);
    return id;
  }

  ofResult(name: string, own: string | null): string {
    const open = this.#open.get(name);
    if (own !== null && this.#known.has(own)) {
      const at = open?.indexOf(own) ?? -1;
      if (at !== -1) open?.splice(at, 1);
      return own;
    }
    return open?.shift() ?? own ?? `call_${++this.#count}`;
  }
}
