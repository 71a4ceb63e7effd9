import type { Json, JsonObject } from "../../lib/json.ts";
import { asObject } from "../../lib/json.ts";
import type { Opaque, ToolCallPart } from "../neutral.ts";
import { wrapOpaque } from "../opaque.ts";
import { formOf } from "./form.ts";

/** A call as a member of `tool_calls`. `isOwn`: it was read from this dialect. `isForProvider`: Google's signature is not for it. */
export function writeToolCall(call: ToolCallPart, isOwn: boolean, isForProvider: boolean): JsonObject {
  const { lacks, said } = formOf(call);
  const extra = isOwn ? call.extra : undefined;
  const written: Record<string, Json | undefined> = {};
  if (!(isOwn && lacks?.includes("id") === true)) written["id"] = call.id;
  if (!(isOwn && lacks?.includes("type") === true)) written["type"] = call.isCustom === true ? "custom" : "function";
  if (call.isCustom === true) return { ...written, custom: { name: call.name, input: call.arguments }, ...extra };
  const named: Record<string, Json | undefined> = { name: call.name };
  if (isOwn && said !== undefined) named["arguments"] = said;
  else if (!(isOwn && lacks?.includes("arguments") === true)) named["arguments"] = call.arguments;
  written["function"] = { ...named, ...asObject(extra?.["function"]) };
  if (extra !== undefined) {
    const { function: _, ...rest } = extra;
    Object.assign(written, rest);
  }
  const { signature } = call;
  if (signature !== undefined && isGoogleField(signature, isOwn, isForProvider)) {
    written["extra_content"] = writeGoogleSignature(signature);
  }
  return written;
}

/** Signatures that this dialect's providers give for calls stand in `reasoning_details`; everyone else's stand where Google's do. */
export function isGoogleField(signature: Opaque, isOwn: boolean, isForProvider: boolean): boolean {
  if (signature.owner === "openai-chat") return false;
  return isForProvider ? isOwn && signature.owner === "google" : true;
}

export function writeGoogleSignature(signature: Opaque): JsonObject {
  return { google: { thought_signature: wrapOpaque(signature, "google") } };
}

export function writeFunctionCall(call: ToolCallPart): JsonObject {
  return { name: call.name, arguments: call.arguments };
}
