import type { AnswerContext, RequestContext } from "../dialect.ts";
import { formOf } from "./form.ts";

/**
 * Makers of SDKs that call OpenAI's path and understand its answers in their own way; they say who they are in `user-agent`.
 * Mistral's is told much otherwise (mistral-client.ts); Groq's looks for reasoning in `reasoning`
 * (https://console.groq.com/docs/reasoning).
 */
export type ClientKind = "mistral" | "groq";

/** "mistral-client-typescript/2.7.0", "Groq/JS 1.6.0", "Groq/Python 1.0.0". */
const AGENTS = [
  ["mistral-client-", "mistral"],
  ["Groq/", "groq"],
] as const satisfies readonly (readonly [string, ClientKind])[];

export function clientOfRequest({ userAgent }: RequestContext): ClientKind | null {
  if (userAgent === undefined || userAgent === null) return null;
  for (const [prefix, kind] of AGENTS) if (userAgent.startsWith(prefix)) return kind;
  return null;
}

/** Of the request that an answer is for. */
export function clientOfAnswer({ request }: AnswerContext): ClientKind | null {
  return request === null || request.dialect !== "openai-chat" ? null : (formOf(request).client ?? null);
}

/** The member in which a message's reasoning stands as plain text: DeepSeek's word, which most follow, or Groq's. */
export function reasoningMember(context: AnswerContext): "reasoning" | "reasoning_content" {
  return clientOfAnswer(context) === "groq" ? "reasoning" : "reasoning_content";
}
