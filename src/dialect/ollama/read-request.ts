/** `POST /api/chat` and `/api/generate` as a neutral request: https://docs.ollama.com/api/chat, https://docs.ollama.com/api/generate */
import { asArray, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { nameType } from "../../lib/name-type.ts";
import type { RequestContext } from "../dialect.ts";
import {
  type NeutralMessage,
  type NeutralRequest,
  type NeutralTool,
  NO_SETTINGS,
  type Part,
  type ReasoningEffort,
  type ReasoningSettings,
  type RequestSettings,
  type ResponseFormat,
} from "../neutral.ts";
import { silentMembers, withForm } from "../wire-form.ts";
import { invalid } from "./invalid.ts";
import { GENERATE } from "./names.ts";
import { readImages, readToolCalls } from "./parts.ts";
import { OPTION_NAMES } from "./settings.ts";

const KNOWN = new Set([
  "model",
  "messages",
  "stream",
  "tools",
  "format",
  "options",
  "think",
  "logprobs",
  "top_logprobs",
  "prompt",
  "system",
  "images",
]);
/** Of a prompt alone; another API has nothing like them, unless they are empty. */
const PROMPT_MEMBERS = ["raw", "template", "context", "suffix"];
const SILENT: ReadonlySet<string> = new Set([...KNOWN, ...PROMPT_MEMBERS]);
const KNOWN_MESSAGE = new Set(["role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"]);
const KNOWN_TOOL = new Set(["type", "function"]);
const KNOWN_FUNCTION = new Set(["name", "description", "parameters"]);
const KNOWN_OPTIONS: ReadonlySet<string> = new Set([...Object.values(OPTION_NAMES), "stop"]);
const LEVELS: ReadonlySet<unknown> = new Set<ReasoningEffort>(["low", "medium", "high", "max"]);

/** Throws GatewayError `invalid_request` (with `param`) for what Ollama would refuse, and for requests that only load or unload a model. */
export function readRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const isGenerate = context.endpoint.name === GENERATE;
  const messages = isGenerate ? readPrompt(body) : readMessages(body["messages"]);
  const { settings, extra: options } = readOptions(body["options"]);
  const request: NeutralRequest = {
    ...NO_SETTINGS,
    ...settings,
    dialect: "ollama",
    model: context.model,
    isStream: context.isStream,
    wantsStreamUsage: true,
    messages,
    tools: readTools(body["tools"]),
    logprobs: typeof body["logprobs"] === "boolean" ? body["logprobs"] : null,
    topLogprobs: readNumber(body["top_logprobs"], "top_logprobs"),
    responseFormat: readFormat(body["format"]),
    reasoning: readThink(body["think"]),
    extra: readExtra(body, options),
  };
  return withForm(request, { dialect: "ollama", silent: silentMembers(body, SILENT), isOther: isGenerate });
}

/** What is empty says nothing: `raw: false`, `template: ""`, `context: []` as one of Ollama's own clients sends them. */
function readExtra(body: JsonObject, options: JsonObject | null): JsonObject | null {
  const extra: Record<string, Json | undefined> = { ...restOf(body, KNOWN), ...options };
  for (const key of PROMPT_MEMBERS) {
    const value = extra[key];
    if (value === false || value === "" || (Array.isArray(value) && value.length === 0)) delete extra[key];
  }
  return Object.keys(extra).length === 0 ? null : extra;
}

function readPrompt(body: JsonObject): readonly NeutralMessage[] {
  const prompt = asString(body["prompt"]) ?? "";
  const images = readImages(body["images"]);
  if (prompt === "" && images.length === 0) {
    throw invalid("prompt should be a text: loading or unloading a model is not for the gateway to do", "prompt");
  }
  const system = asString(body["system"]) ?? "";
  const user: NeutralMessage = {
    role: "user",
    parts: [...(prompt === "" ? [] : [{ kind: "text", text: prompt } as const]), ...images],
  };
  return system === "" ? [user] : [{ role: "system", parts: [{ kind: "text", text: system }] }, user];
}

function readMessages(value: Json | undefined): readonly NeutralMessage[] {
  if (!Array.isArray(value)) throw invalid(`messages should be an array, got ${nameType(value)}`, "messages");
  if (value.length === 0) {
    throw invalid(
      "messages should hold at least one: loading or unloading a model is not for the gateway to do",
      "messages",
    );
  }
  const calls = new CallIds();
  return (value as readonly Json[]).map((item, index) => {
    const place = `messages.${index}`;
    const message = asObject(item);
    if (message === null) throw invalid(`${place} should be an object, got ${nameType(item)}`, place);
    return withForm(readMessage(message, place, calls), {
      dialect: "ollama",
      silent: silentMembers(message, KNOWN_MESSAGE),
      isOther: false,
    });
  });
}

function readMessage(message: JsonObject, place: string, calls: CallIds): NeutralMessage {
  const { role, content } = message;
  if (content !== undefined && content !== null && typeof content !== "string") {
    throw invalid(`${place}.content should be a string, got ${nameType(content)}`, `${place}.content`);
  }
  const extra = restOf(message, KNOWN_MESSAGE);
  const rest = extra === null ? {} : { extra };
  const parts: Part[] = [];
  const thinking = asString(message["thinking"]) ?? "";
  if (thinking !== "") parts.push({ kind: "reasoning", text: thinking });
  if (typeof content === "string" && content !== "") parts.push({ kind: "text", text: content });
  parts.push(...readImages(message["images"]));
  switch (role) {
    case "system":
    case "user":
      return { ...rest, role, parts };
    case "assistant":
      parts.push(...readToolCalls(message["tool_calls"], () => calls.make()).map((call) => calls.remember(call)));
      return { ...rest, role, parts };
    case "tool": {
      const name = asString(message["tool_name"]) ?? asString(message["name"]);
      const callId = calls.answered(asString(message["tool_call_id"]), name);
      return {
        ...rest,
        role,
        parts: [{ kind: "tool-result", callId, ...(name === null ? {} : { name }), content: parts }],
      };
    }
    default:
      throw invalid(
        `${place}.role should be one of system, user, assistant, tool, got ${JSON.stringify(role ?? null)}`,
        `${place}.role`,
      );
  }
}

/** Ids of calls that came without one ("call_1" …), and which of them a result answers: by name, in order. */
class CallIds {
  #made = 0;
  readonly #open: { readonly id: string; readonly name: string }[] = [];

  make(): string {
    return `call_${++this.#made}`;
  }

  remember<T extends { readonly id: string; readonly name: string }>(call: T): T {
    this.#open.push({ id: call.id, name: call.name });
    return call;
  }

  answered(id: string | null, name: string | null): string {
    const at =
      id !== null && id !== ""
        ? this.#open.findIndex((call) => call.id === id)
        : this.#open.findIndex((call) => name === null || call.name === name);
    if (at !== -1) return (this.#open.splice(at, 1)[0] as { readonly id: string }).id;
    return id !== null && id !== "" ? id : this.make();
  }
}

function readTools(value: Json | undefined): readonly NeutralTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`tools should be an array, got ${nameType(value)}`, "tools");
  return (value as readonly Json[]).map((item, index): NeutralTool => {
    const tool = asObject(item);
    const fn = asObject(tool?.["function"]);
    const name = asString(fn?.["name"]);
    if (tool === null || fn === null || name === null) {
      throw invalid(`tools.${index} should be an object with a function that has a name`, `tools.${index}`);
    }
    const extra = { ...restOf(fn, KNOWN_FUNCTION), ...restOf(tool, KNOWN_TOOL) };
    return {
      kind: "function",
      name,
      description: asString(fn["description"]),
      parameters: asObject(fn["parameters"]),
      isStrict: null,
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    };
  });
}

/** "json", or a JSON schema: https://docs.ollama.com/capabilities/structured-outputs */
function readFormat(value: Json | undefined): ResponseFormat | null {
  if (value === undefined || value === null || value === "") return null;
  if (value === "json") return { kind: "json" };
  const schema = asObject(value);
  if (schema === null)
    throw invalid(`format should be "json" or a JSON schema, got ${JSON.stringify(value)}`, "format");
  return { kind: "json-schema", name: "response", description: null, schema, isStrict: null };
}

/** https://docs.ollama.com/capabilities/thinking */
function readThink(value: Json | undefined): ReasoningSettings | null {
  if (value === undefined || value === null || value === "") return null;
  const none = { effort: null, budgetTokens: null, isEnabled: null, isAdaptive: null, show: null };
  if (typeof value === "boolean") return { ...none, isEnabled: value };
  if (LEVELS.has(value)) return { ...none, effort: value as ReasoningEffort };
  throw invalid(`think should be true, false, "low", "medium" or "high", got ${JSON.stringify(value)}`, "think");
}

type OptionSettings = { -readonly [name in keyof typeof OPTION_NAMES]?: number } & Partial<
  Pick<RequestSettings, "stop">
>;

/** Options with a word of their own in the neutral form, and the others as `options.NAME`. */
function readOptions(value: Json | undefined): {
  readonly settings: Partial<RequestSettings>;
  readonly extra: JsonObject | null;
} {
  if (value === undefined || value === null) return { settings: {}, extra: null };
  const options = asObject(value);
  if (options === null) throw invalid(`options should be an object, got ${nameType(value)}`, "options");
  const settings: OptionSettings & { stop?: readonly string[] } = {};
  const extra: Record<string, Json> = {};
  for (const key of Object.keys(OPTION_NAMES) as (keyof typeof OPTION_NAMES)[]) {
    const name = OPTION_NAMES[key];
    const number = readNumber(options[name], `options.${name}`);
    if (number === null) continue;
    // -1 and -2 mean as much as there is room for.
    if (key === "maxTokens" && number < 0) extra[`options.${name}`] = number;
    else settings[key] = number;
  }
  const { stop } = options;
  if (typeof stop === "string") settings.stop = [stop];
  else if (Array.isArray(stop)) settings.stop = asArray(stop).filter((item) => typeof item === "string");
  for (const [name, option] of Object.entries(restOf(options, KNOWN_OPTIONS) ?? {})) {
    if (option !== undefined && option !== null) extra[`options.${name}`] = option;
  }
  return { settings, extra: Object.keys(extra).length === 0 ? null : extra };
}

function readNumber(value: Json | undefined, place: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalid(`${place} should be a number, got ${nameType(value)}`, place);
}
