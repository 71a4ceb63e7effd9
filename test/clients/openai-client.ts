import OpenAI from "openai";
import { CALLER_KEY } from "./facts.ts";
import { type ClientStage, fetchOver, type Transport } from "./stage.ts";

/** The official SDK, pointed at the gateway the way an application would; it never tries again by itself. */
export function openClient(stage: ClientStage, transport: Transport): OpenAI {
  return new OpenAI({
    apiKey: CALLER_KEY,
    baseURL: stage.baseUrl(transport, "/v1"),
    maxRetries: 0,
    timeout: 20_000,
    fetch: fetchOver(stage, transport),
  });
}
