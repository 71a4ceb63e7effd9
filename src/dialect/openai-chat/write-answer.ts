import { type Json, type JsonObject, asArray, asObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer, NeutralChoice, Opaque, Part, ReasoningPart, ToolCallPart } from "../neutral.ts";
import { writeAnnotation } from "./citations.ts";
import { clientOfAnswer, reasoningMember } from "./client-kind.ts";
import { writeFinish } from "./finish.ts";
import { formOf } from "./form.ts";
import { writeTokenLists, writeTokens } from "./logprobs.ts";
import { urlOf } from "./media.ts";
import { withThinking } from "./mistral-client.ts";
import { detailOf, writeDetails } from "./reasoning-parts.ts";
import { writeUsage } from "./usage.ts";
import { writePart } from "./write-content.ts";
import { joinReasoning } from "./write-messages.ts";
import { isGoogleField, writeFunctionCall, writeGoogleSignature, writeToolCall } from "./write-tool-calls.ts";

type Written = Record<string, Json | undefined>;

/** An id as OpenAI's look, made of the request's. */
export function makeAnswerId(requestId: string, isCompletion: boolean): string {
  const core = requestId.replace(/^req[_-]/, "");
  return `${isCompletion ? "cmpl" : "chatcmpl"}-${core}`;
}

/** Whether the caller asked through the legacy completions. */
export function isCompletion({ endpoint }: AnswerContext): boolean {
  return endpoint.name === "completions";
}

/** Whether the caller knows calls as `function_call` only. */
export function isLegacyCaller({ request }: AnswerContext): boolean {
  return request !== null && request.dialect === "openai-chat" && formOf(request).isLegacy === true;
}

/** https://platform.openai.com/docs/api-reference/chat/object, or that of completions for who asked there. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "openai-chat";
  const isText = isCompletion(context);
  const lacks = isOwn ? (formOf(answer).lacks ?? []) : [];
  const { object: saidObject, ...extra } = (isOwn ? answer.extra : null) ?? {};
  const isSameKind = typeof saidObject === "string" && saidObject.startsWith("text") === isText;
  const body: Written = {
    id: answer.id ?? makeAnswerId(context.requestId, isText),
    object: isSameKind ? saidObject : isText ? "text_completion" : "chat.completion",
    created: answer.createdAt ?? context.createdAt,
    model: answer.model ?? context.model,
    choices: answer.choices.map((choice) =>
      isText ? writeTextChoice(choice, isOwn) : writeChoice(choice, isOwn, context),
    ),
  };
  if (answer.usage !== null) body["usage"] = writeUsage(answer.usage);
  if (answer.serviceTier !== null && isOwn) body["service_tier"] = answer.serviceTier;
  Object.assign(body, extra);
  for (const key of lacks) delete body[key];
  return body;
}

function writeChoice(choice: NeutralChoice, isOwn: boolean, context: AnswerContext): JsonObject {
  const isLegacy = isLegacyCaller(context);
  const form = isOwn ? formOf(choice) : {};
  const { message: rest, logprobs: saidLogprobs, ...extra } = (isOwn ? choice.extra : null) ?? {};
  const message = writeMessage(choice, isOwn, isLegacy, reasoningMember(context), asObject(rest));
  const written: Written = {
    index: choice.index,
    message: clientOfAnswer(context) === "mistral" ? withThinking(message, choice) : message,
    logprobs: writeLogprobs(choice, saidLogprobs, isOwn),
    finish_reason: finishOf(choice, isOwn, isLegacy),
    ...extra,
  };
  if (written["logprobs"] === undefined) delete written["logprobs"];
  for (const key of form.lacks ?? []) delete written[key];
  return written;
}

function finishOf({ finish, parts }: NeutralChoice, isOwn: boolean, isLegacy: boolean): string | null {
  if (finish === null) return null;
  if (isOwn && finish.native !== null && !(isLegacy && finish.native === "tool_calls")) return finish.native;
  return writeFinish(
    finish.kind,
    isLegacy,
    parts.some(({ kind }) => kind === "refusal"),
  );
}

function writeLogprobs(choice: NeutralChoice, rest: Json | undefined, isOwn: boolean): Json | undefined {
  if (choice.logprobs === null) return isOwn ? rest : null;
  const content = writeTokens(choice.logprobs);
  return isOwn ? { content, ...asObject(rest) } : { content, refusal: null };
}

type Gathered = {
  text: string | null;
  refusal: string | null;
  readonly blocks: JsonObject[];
  readonly reasoning: ReasoningPart[];
  readonly calls: ToolCallPart[];
  readonly annotations: Json[];
  readonly images: JsonObject[];
  audio: JsonObject | null;
  signature: Opaque | null;
};

function gather(parts: readonly Part[], isOwn: boolean, isList: boolean): Gathered {
  const gathered: Gathered = {
    text: null,
    refusal: null,
    blocks: [],
    reasoning: [],
    calls: [],
    annotations: [],
    images: [],
    audio: null,
    signature: null,
  };
  for (const part of parts) {
    switch (part.kind) {
      case "text": {
        const before = gathered.text?.length ?? 0;
        gathered.text = (gathered.text ?? "") + part.text;
        for (const citation of part.citations ?? []) {
          const annotation = writeAnnotation(shift(citation, before), isOwn);
          if (annotation !== null) gathered.annotations.push(annotation);
        }
        gathered.signature ??= part.signature ?? null;
        break;
      }
      case "refusal":
        gathered.refusal = (gathered.refusal ?? "") + part.text;
        break;
      case "reasoning":
        if (!isList || formOf(part).pieces === undefined) gathered.reasoning.push(part);
        break;
      case "tool-call":
        gathered.calls.push(part);
        break;
      case "audio":
        gathered.audio ??= writeAudio(part, isOwn);
        break;
      case "image": {
        const url = urlOf(part.source);
        if (url !== null)
          gathered.images.push({ type: "image_url", image_url: { url }, ...(isOwn ? part.extra : null) });
        break;
      }
      case "video":
      case "file":
      case "tool-result":
      case "native":
        // an answer of this dialect has no place for them
        break;
      default:
        part satisfies never;
    }
    if (isList) {
      const block = writePart(part, { isOwn: true, takesCache: true });
      if (block !== null) gathered.blocks.push(block);
    }
  }
  return gathered;
}

/** Places count from the text's own part; in the message all texts are one. */
function shift<T extends { readonly start: number | null; readonly end: number | null }>(citation: T, by: number): T {
  if (by === 0 || citation.start === null || citation.end === null) return citation;
  return { ...citation, start: citation.start + by, end: citation.end + by };
}

function writeAudio(part: Extract<Part, { kind: "audio" }>, isOwn: boolean): JsonObject | null {
  if (part.source.kind !== "data") return null;
  const audio: Written = { id: part.id ?? "", data: part.source.data };
  if (part.expiresAt !== undefined || !isOwn) audio["expires_at"] = part.expiresAt ?? 0;
  if (part.transcript !== undefined || !isOwn) audio["transcript"] = part.transcript ?? "";
  return { ...audio, ...(isOwn ? part.extra : null) };
}

/** `rest`: what of the message its reader had no word for, or said nothing. */
function writeMessage(
  choice: NeutralChoice,
  isOwn: boolean,
  isLegacy: boolean,
  reasoningField: string,
  rest: JsonObject | null,
): JsonObject {
  const form = isOwn ? formOf(choice) : {};
  const gathered = gather(choice.parts, isOwn, form.isList === true);
  const { text, refusal, reasoning, calls } = gathered;
  const message: Written = { role: "assistant" };
  if (form.isList === true) message["content"] = gathered.blocks;
  else if (text !== null) message["content"] = text;
  else if (!isOwn)
    message["content"] = gathered.calls.length > 0 || refusal !== null || gathered.audio !== null ? null : "";
  if (refusal !== null || !isOwn) message["refusal"] = refusal;
  const plain = isOwn ? (form.plainReasoning ?? []) : [reasoningField];
  writeAnswerReasoning(message, reasoning, calls, isOwn, plain, form.hasDetails);
  if (gathered.annotations.length > 0) message["annotations"] = gathered.annotations;
  if (gathered.audio !== null) message["audio"] = gathered.audio;
  if (gathered.images.length > 0) message["images"] = gathered.images;
  if (!isOwn && gathered.signature !== null) message["extra_content"] = writeGoogleSignature(gathered.signature);
  const [first] = calls;
  if (first !== undefined && (isLegacy || (isOwn && formOf(first).isLegacy === true))) {
    // One call is all that the legacy form can say; the model asks again for what it still needs.
    message["function_call"] = writeFunctionCall(first);
  } else if (calls.length > 0) message["tool_calls"] = calls.map((call) => writeToolCall(call, isOwn, false));
  if (rest === null) return message;
  const annotations = asArray(rest["annotations"]);
  Object.assign(message, rest);
  if (annotations.length > 0 && gathered.annotations.length > 0) {
    message["annotations"] = [...annotations, ...gathered.annotations];
  }
  if (rest["role"] === null) delete message["role"];
  return message;
}

function writeAnswerReasoning(
  message: Written,
  parts: readonly ReasoningPart[],
  calls: readonly ToolCallPart[],
  isOwn: boolean,
  plain: readonly string[],
  hadDetails: boolean | undefined,
): void {
  const text = joinReasoning(parts, isOwn);
  if (text !== "") for (const field of plain) message[field] = text;
  const isSigned = parts.some(({ signature, encrypted }) => signature !== undefined || encrypted !== undefined);
  if (isOwn ? hadDetails !== true : !isSigned) return;
  const details = writeDetails(parts, { isOwn, isForProvider: false });
  for (const { signature } of calls) {
    if (signature === undefined || isGoogleField(signature, isOwn, false)) continue;
    const detail = detailOf(signature, "data", false);
    if (detail !== null) details.push(detail);
  }
  if (details.length > 0) message["reasoning_details"] = details;
}

/** https://platform.openai.com/docs/api-reference/completions/object: text alone, whatever else the answer holds. */
function writeTextChoice(choice: NeutralChoice, isOwn: boolean): JsonObject {
  const text = choice.parts.map((part) => (part.kind === "text" || part.kind === "refusal" ? part.text : "")).join("");
  const { message: _, logprobs: said, ...extra } = (isOwn ? choice.extra : null) ?? {};
  const written: Written = {
    text,
    index: choice.index,
    logprobs: choice.logprobs === null ? (said ?? null) : writeTokenLists(choice.logprobs),
    finish_reason: finishOf(choice, isOwn, false),
    ...extra,
  };
  for (const key of (isOwn ? formOf(choice).lacks : undefined) ?? []) if (key !== "message") delete written[key];
  return written;
}
