import { GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asArray, asObject, asString, restOf } from "../../lib/json.ts";
import type { NeutralMessage, Opaque, Part, Role, TextPart, ToolCallPart } from "../neutral.ts";
import { invalidValue, missingParameter } from "../openai-invalid.ts";
import { readList, readObject, readString, toObject } from "./fields.ts";
import { type Form, withForm } from "./form.ts";
import { readContent } from "./read-content.ts";
import { restoreSignatures } from "./mistral-client.ts";
import { callIdsOf, readFunctionCall, readGoogleSignature, readToolCall } from "./read-tool-calls.ts";
import { readMessageReasoning } from "./reasoning-parts.ts";

const ROLES = ["system", "assistant", "user", "function", "tool", "developer"] as const;

const KNOWN: ReadonlySet<string> = new Set([
  "role",
  "content",
  "name",
  "refusal",
  "tool_calls",
  "tool_call_id",
  "function_call",
  "audio",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
]);

/**
 * Reads a conversation. Calls without an id are `call_1` … by order; results without one belong to the first open call of their name, or
 * else to the first open call.
 */
export class MessageReader {
  #calls = 0;
  /** Calls whose result has not come. */
  readonly #open: { readonly id: string; readonly name: string; readonly isCustom: boolean }[] = [];

  /** Throws GatewayError `invalid_request` for what is no message. */
  read(value: Json, index: number): NeutralMessage {
    const param = `messages[${index}]`;
    const message = toObject(value, param);
    const role = readString(message, "role", `${param}.role`);
    if (role === null) throw missingParameter(`${param}.role`);
    const silent: Record<string, Json | undefined> = {};
    for (const key in message)
      if (key !== "role" && KNOWN.has(key) && saysNothing(message[key])) silent[key] = message[key];
    const name = readString(message, "name", `${param}.name`);
    const extra = restOf(message, KNOWN);
    const base = { ...(name === null ? {} : { name }), ...(extra === null ? {} : { extra }) };
    const form: { -readonly [K in keyof Form]: Form[K] } = {};
    for (const _ in silent) form.silent = silent;
    if (Array.isArray(message["content"])) form.isList = true;
    switch (role) {
      case "system":
      case "developer":
      case "user":
        if (message["content"] === undefined) throw missingParameter(`${param}.content`);
        return withForm(
          { role: role as Role, parts: readContent(message["content"], `${param}.content`), ...base },
          isPlain(form, message) ? {} : form,
        );
      case "assistant": {
        const parts = this.#readAssistant(message, param, form);
        return withForm({ role: "assistant", parts, ...base }, form);
      }
      case "tool":
      case "function": {
        const part = this.#readResult(message, param, form, role === "function", name);
        const { name: _, ...rest } = base as { name?: string };
        return withForm({ role: "tool", parts: [part], ...rest }, form);
      }
      default:
        throw invalidValue(`${param}.role`, role, ROLES);
    }
  }

  #readAssistant(message: JsonObject, param: string, form: { -readonly [K in keyof Form]: Form[K] }): readonly Part[] {
    const calls = readList(message, "tool_calls", `${param}.tool_calls`) ?? [];
    const ids = callIdsOf(calls as Json);
    const reasoning = readMessageReasoning(message, (id) => ids.has(id));
    if (reasoning.plain.length > 0) form.plainReasoning = reasoning.plain;
    if (reasoning.hasDetails) form.hasDetails = true;
    const content = readContent(message["content"], `${param}.content`);
    const parts: Part[] = [...reasoning.parts, ...signLastText(content, message["extra_content"])];
    const refusal = readString(message, "refusal", `${param}.refusal`);
    if (refusal !== null && refusal !== "") parts.push({ kind: "refusal", text: refusal });
    const audio = readObject(message, "audio", `${param}.audio`);
    const audioId = asString(audio?.["id"]);
    if (audio !== null && audioId !== null) {
      const { id: _, ...rest } = audio;
      parts.push({
        kind: "audio",
        id: audioId,
        source: { kind: "file-id", id: audioId, mediaType: null },
        ...(Object.keys(rest).length === 0 ? {} : { extra: rest }),
      });
    }
    for (const [index, entry] of calls.entries()) {
      const call = readToolCall(toObject(entry, `${param}.tool_calls[${index}]`), () => this.#nextId());
      if (call.name === "") throw missingParameter(`${param}.tool_calls[${index}].function.name`);
      const signature = reasoning.callSignatures.get(call.id);
      parts.push(signature === undefined ? call : { ...call, signature });
      this.#await(call);
    }
    const legacy = asObject(message["function_call"]);
    if (legacy !== null) {
      const call = readFunctionCall(legacy, this.#nextId());
      parts.push(call);
      this.#await(call);
    }
    return restoreSignatures(parts);
  }

  #readResult(
    message: JsonObject,
    param: string,
    form: { -readonly [K in keyof Form]: Form[K] },
    isLegacy: boolean,
    name: string | null,
  ): Part {
    const content = readContent(message["content"], `${param}.content`);
    const said = readString(message, "tool_call_id", `${param}.tool_call_id`);
    if (isLegacy) {
      if (name === null) throw missingParameter(`${param}.name`);
      form.isLegacy = true;
    }
    const at =
      said !== null
        ? this.#open.findIndex(({ id }) => id === said)
        : Math.max(
            this.#open.findIndex((call) => call.name === name),
            0,
          );
    const call = at === -1 ? undefined : this.#open[at];
    if (call !== undefined) this.#open.splice(at, 1);
    const callId = said ?? call?.id;
    if (callId === undefined) {
      throw new GatewayError(
        "invalid_request",
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        { param: `${param}.role` },
      );
    }
    if (said === null && !isLegacy) form.lacks = ["tool_call_id"];
    return {
      kind: "tool-result",
      callId,
      content,
      ...(name === null ? {} : { name }),
      ...(call?.isCustom === true ? { isCustom: true } : {}),
    };
  }

  #nextId(): string {
    this.#calls++;
    return `call_${this.#calls}`;
  }

  #await({ id, name, isCustom }: ToolCallPart): void {
    this.#open.push({ id, name, isCustom: isCustom === true });
  }
}

/** Gemini's signature of the text, which an answer has carried in its message. */
function signLastText(parts: readonly Part[], extraContent: Json | undefined): readonly Part[] {
  const signature = readGoogleSignature(extraContent);
  const last = signature === null ? -1 : parts.findLastIndex(({ kind }) => kind === "text");
  return last === -1 ? parts : parts.with(last, { ...(parts[last] as TextPart), signature: signature as Opaque });
}

function saysNothing(value: Json | undefined): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Whether the canonical form would be the same: several parts, or one that is no plain text, are a list anyway. */
function isPlain(form: Form, message: JsonObject): boolean {
  return form.silent === undefined && !(form.isList === true && asArray(message["content"]).length === 1);
}
