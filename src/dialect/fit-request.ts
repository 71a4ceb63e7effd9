/** Makes a neutral request fit its target: what the target's dialect, provider or model cannot take is refused, or left out and named. */
import type { JsonObject } from "../lib/json.ts";
import type { ContentFeature, Dialect } from "./dialect.ts";
import { isOnlyToolForced } from "./forced-tool.ts";
import type { MediaSource, NeutralMessage, NeutralRequest, NeutralTool, Part, SettingName } from "./neutral.ts";
import { HINTS, type Target } from "./target.ts";

/** Values that say what happens anyway: where a target has no word for them, nothing is lost. */
function saysNothing(name: SettingName, request: NeutralRequest): boolean {
  const value = request[name];
  switch (name) {
    case "choices":
    case "repetitionPenalty":
    case "temperature":
    case "topP":
      return value === 1;
    case "frequencyPenalty":
    case "presencePenalty":
    case "topLogprobs":
    case "minP":
      return value === 0;
    case "logprobs":
    case "isStored":
      return value === false;
    case "parallelToolCalls":
      return value === true || request.tools.length === 0;
    case "stop":
      return request.stop?.length === 0;
    case "logitBias":
      return Object.keys(request.logitBias ?? {}).length === 0;
    case "responseFormat":
      return request.responseFormat?.kind === "text";
    case "modalities":
      return request.modalities?.every((modality) => modality === "text") ?? true;
    case "toolChoice":
      return request.tools.length === 0 || request.toolChoice?.kind === "auto";
    case "serviceTier":
      return value === "auto" || value === "default" || value === "standard_only";
    case "reasoning": {
      const { reasoning } = request;
      const asksForNone =
        reasoning?.effort === "none" || reasoning?.isEnabled === false || reasoning?.budgetTokens === 0;
      const asksForSome =
        (reasoning?.effort ?? null) !== null ||
        (reasoning?.budgetTokens ?? null) !== null ||
        reasoning?.isEnabled === true ||
        reasoning?.isAdaptive === true;
      return asksForNone || !asksForSome;
    }
    default:
      return false;
  }
}

/** The request as the target can take it. Throws GatewayError `invalid_request` for what it cannot, unless that may be dropped. */
export function fitRequest(request: NeutralRequest, from: Dialect, to: Dialect, target: Target): NeutralRequest {
  const fitted: Record<string, unknown> = { ...request };
  for (const key of Object.keys(to.settings)) {
    const name = key as SettingName;
    if (request[name] === null) continue;
    const isKnown = to.settings[name] !== null;
    if (isKnown && !target.refuses(name)) continue;
    fitted[name] = null;
    if (saysNothing(name, request)) continue;
    if (HINTS.has(name) || (name === "parallelToolCalls" && isOnlyToolForced(request))) target.hint(name);
    else target.cannot(name, isKnown ? "the model does not take it" : `the API ${to.id} has nothing like it`);
  }
  const content = new Set(to.content);
  for (const refused of target.quirks.refusesContent) content.delete(refused as ContentFeature);
  fitted["messages"] = fitMessages(request.messages, to, content, target);
  fitted["tools"] = fitTools(request.tools, to, content, target);
  fitted["extra"] = fitExtra(request.extra, from, to, target);
  return fitted as unknown as NeutralRequest;
}

/** Fields only the caller's dialect knows: kept for the same dialect, left out as a hint where they are one, or else refused. */
export function fitExtra(extra: JsonObject | null, from: Dialect, to: Dialect, target: Target): JsonObject | null {
  if (extra === null || from.id === to.id) return extra;
  for (const key of Object.keys(extra)) {
    const value = extra[key];
    if (value === null || value === undefined) continue;
    if (from.extraHints.has(key)) target.hint(key);
    else target.cannot(key, `the API ${to.id} has nothing like it`);
  }
  return null;
}

function fitMessages(
  messages: readonly NeutralMessage[],
  to: Dialect,
  content: ReadonlySet<ContentFeature>,
  target: Target,
): readonly NeutralMessage[] {
  let changed: NeutralMessage[] | null = null;
  for (const [index, message] of messages.entries()) {
    const parts = fitParts(message.parts, `messages.${index}.content`, to, content, target, false);
    if (parts === message.parts) continue;
    changed ??= [...messages];
    changed[index] = { ...message, parts };
  }
  return changed ?? messages;
}

function fitParts(
  parts: readonly Part[],
  path: string,
  to: Dialect,
  content: ReadonlySet<ContentFeature>,
  target: Target,
  isInResult: boolean,
): readonly Part[] {
  let changed: (Part | null)[] | null = null;
  const replace = (index: number, part: Part | null): void => {
    changed ??= [...parts];
    changed[index] = part;
  };
  for (const [index, part] of parts.entries()) {
    const place = `${path}.${index}`;
    if (part.kind === "reasoning") {
      // No API needs a model's earlier reasoning; where the target has no place for it, it is not said again.
      if (!content.has("reasoning")) replace(index, null);
      continue;
    }
    if (part.kind === "native") {
      if (part.dialect === to.id) continue;
      target.cannot(place, `only the API ${part.dialect} knows this block`);
      replace(index, null);
      continue;
    }
    const missing = missingFeature(part, content, isInResult);
    if (missing !== null) {
      target.cannot(place, `the target takes no ${missing}`);
      replace(index, null);
      continue;
    }
    let fitted: Part = part;
    if (part.cache !== undefined && !content.has("cache-hint")) {
      target.hint("cache");
      const { cache: _, ...rest } = part;
      fitted = rest as Part;
    }
    if (fitted.kind === "tool-result") {
      const inner = fitParts(fitted.content, `${place}.content`, to, content, target, true);
      if (inner !== fitted.content) fitted = { ...fitted, content: inner };
      if (fitted.isError === true && !content.has("tool-result-error")) {
        // Said in words: the model must know that the tool failed.
        fitted = { ...fitted, isError: false, content: sayError(fitted.content) };
      }
    }
    if (fitted !== part) replace(index, fitted);
  }
  return changed === null ? parts : (changed as (Part | null)[]).filter((part) => part !== null);
}

function sayError(content: readonly Part[]): readonly Part[] {
  const [first, ...rest] = content;
  if (first?.kind === "text") return [{ ...first, text: `Error: ${first.text}` }, ...rest];
  return [{ kind: "text", text: "Error:" }, ...content];
}

/** What the target would need for a part and does not have; null where it has. */
function missingFeature(
  part: Exclude<Part, { kind: "reasoning" | "native" }>,
  content: ReadonlySet<ContentFeature>,
  isInResult: boolean,
): ContentFeature | null {
  const need = (feature: ContentFeature): ContentFeature | null => (content.has(feature) ? null : feature);
  switch (part.kind) {
    case "text":
    case "refusal":
      return null;
    case "tool-call":
    case "tool-result":
      return part.isCustom === true ? need("custom-tool") : null;
    case "image":
      if (isInResult && !content.has("tool-result-image")) return "tool-result-image";
      return need(imageFeature(part.source));
    case "audio":
      // An answer's own audio is named by its id, which only its provider knows.
      return part.source.kind === "data" && part.id === undefined
        ? need("audio-data")
        : part.id === undefined
          ? "audio-data"
          : null;
    case "video":
      return need(part.source.kind === "data" ? "video-data" : "video-url");
    case "file":
      if (isInResult && !content.has("tool-result-file")) return "tool-result-file";
      return need(fileFeature(part.source));
    default:
      return part satisfies never;
  }
}

function imageFeature({ kind }: MediaSource): ContentFeature {
  return kind === "data" ? "image-data" : kind === "url" ? "image-url" : "image-file-id";
}

function fileFeature(source: MediaSource): ContentFeature {
  if (source.kind === "file-id") return "file-file-id";
  if (source.kind === "url") return "file-url";
  return source.mediaType.startsWith("text/") ? "file-text" : "file-data";
}

function fitTools(
  tools: readonly NeutralTool[],
  to: Dialect,
  content: ReadonlySet<ContentFeature>,
  target: Target,
): readonly NeutralTool[] {
  return tools.flatMap((tool, index): NeutralTool[] => {
    const place = `tools.${index}`;
    switch (tool.kind) {
      case "function": {
        if (tool.cache === undefined || content.has("cache-hint")) return [tool];
        target.hint("cache");
        const { cache: _, ...rest } = tool;
        return [rest];
      }
      case "custom":
        if (content.has("custom-tool")) return [tool];
        target.cannot(place, "the target knows no custom tools");
        return [];
      case "web-search":
        if (content.has("web-search")) return [tool];
        target.cannot(place, "the target runs no web search");
        return [];
      case "native":
        if (tool.dialect === to.id) return [tool];
        target.cannot(place, `only the API ${tool.dialect} knows this tool`);
        return [];
      default:
        return tool satisfies never;
    }
  });
}
