import { asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { NeutralRequest } from "../neutral.ts";
import { PREVIOUS_RESPONSE } from "./previous-response.ts";
import { writeFormat } from "./text-format.ts";
import { writeTool, writeToolChoice } from "./tools.ts";

/**
 * The settings of a request as every response object of it repeats them, with the API's defaults for what the caller left unsaid:
 * https://platform.openai.com/docs/api-reference/responses/object
 */
export function writeSettings(request: NeutralRequest | null): JsonObject {
  const extra = request?.extra ?? {};
  const said = (name: string): Json => extra[name] ?? null;
  const tools = request?.tools ?? [];
  const choice = request?.toolChoice ?? null;
  return {
    background: said("background") === true,
    instructions: instructionsOf(request),
    max_output_tokens: request?.maxTokens ?? null,
    max_tool_calls: said("max_tool_calls"),
    metadata: request?.metadata ?? {},
    parallel_tool_calls: request?.parallelToolCalls ?? true,
    previous_response_id: request?.previousResponseId ?? previousOf(request),
    prompt_cache_key: request?.promptCacheKey ?? null,
    prompt_cache_retention: request?.promptCacheRetention ?? null,
    reasoning: { effort: request?.reasoning?.effort ?? null, summary: summaryOf(request) },
    safety_identifier: said("safety_identifier"),
    store: request?.isStored ?? true,
    temperature: request?.temperature ?? 1,
    text: {
      format: writeFormat(request?.responseFormat ?? { kind: "text" }),
      verbosity: request?.verbosity ?? "medium",
    },
    tool_choice: choice === null ? (extra["tool_choice"] ?? "auto") : writeToolChoice(choice, tools),
    tools: tools.flatMap((tool): Json[] => {
      const written = writeTool(tool, true, null);
      if (written === null) return [];
      // The SDKs' type of a function has all of its members.
      return [tool.kind === "function" ? { description: null, parameters: null, strict: null, ...written } : written];
    }),
    top_logprobs: request?.topLogprobs ?? 0,
    top_p: request?.topP ?? 1,
    truncation: asString(extra["truncation"]) ?? "disabled",
    user: extra["safety_identifier"] === undefined ? (request?.user ?? null) : null,
  };
}

/** Where the request was put together from a stored conversation. */
function previousOf(request: NeutralRequest | null): string | null {
  return (request as { readonly [PREVIOUS_RESPONSE]?: string } | null)?.[PREVIOUS_RESPONSE] ?? null;
}

function summaryOf(request: NeutralRequest | null): string | null {
  const show = request?.reasoning?.show ?? null;
  return show === "none" ? null : show;
}

function instructionsOf(request: NeutralRequest | null): string | null {
  const message = request?.messages.find(({ extra }) => extra?.["form"] === "instructions");
  const [part] = message?.parts ?? [];
  return part?.kind === "text" ? part.text : null;
}
