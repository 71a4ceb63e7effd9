import { GatewayError } from "../../errors.ts";
import { asObject, asString, type JsonObject, restOf } from "../../lib/json.ts";
import { makeCallId } from "../call-id.ts";
import type { NeutralAnswer, Part } from "../neutral.ts";
import { readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { readImages, readToolCalls } from "./parts.ts";
import { DURATIONS, readUsage } from "./usage.ts";

const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "message",
  "response",
  "thinking",
  "done",
  "done_reason",
  "logprobs",
  "prompt_eval_count",
  "eval_count",
  ...DURATIONS,
]);
const KNOWN_MESSAGE = new Set(["role", "content", "thinking", "images", "tool_calls"]);

/** An answer of `/api/chat` (`message`) or `/api/generate` (`response`): https://docs.ollama.com/api/chat */
export function readAnswer(body: JsonObject): NeutralAnswer {
  const message = asObject(body["message"]) ?? readGenerated(body);
  if (message === null) {
    throw new GatewayError("upstream_error", "The provider's answer should hold a message or a response.", {
      upstreamType: "protocol",
    });
  }
  const parts: Part[] = [];
  const thinking = asString(message["thinking"]) ?? "";
  const content = asString(message["content"]) ?? "";
  if (thinking !== "") parts.push({ kind: "reasoning", text: thinking });
  if (content !== "") parts.push({ kind: "text", text: content });
  parts.push(...readImages(message["images"]));
  const calls = readToolCalls(message["tool_calls"], makeCallId);
  parts.push(...calls);
  return {
    dialect: "ollama",
    id: null,
    model: asString(body["model"]),
    createdAt: readTime(body["created_at"]),
    choices: [
      {
        index: 0,
        parts,
        finish: readFinish(asString(body["done_reason"]), calls.length > 0),
        logprobs: readLogprobs(body["logprobs"]),
        extra: restOf(message, KNOWN_MESSAGE),
      },
    ],
    usage: readUsage(body),
    serviceTier: null,
    // `created_at` too, as it came: its digits are finer than a second. `context` is a conversation's state, and Ollama's alone.
    extra: restOf(body, KNOWN),
  };
}

/** A generated answer as a message. */
export function readGenerated(body: JsonObject): JsonObject | null {
  const { response, thinking } = body;
  if (typeof response !== "string") return null;
  return { content: response, ...(thinking === undefined ? {} : { thinking }) };
}

/** Seconds since 1970 of a time in RFC 3339. */
export function readTime(value: unknown): number | null {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}
