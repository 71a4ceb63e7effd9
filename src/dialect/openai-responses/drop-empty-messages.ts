import { asArray } from "../../lib/json.ts";
import type { NeutralRequest, Part } from "../neutral.ts";

/**
 * A request without the model's messages that hold nothing: LangChain puts one before the calls of a turn that was calls alone. This API
 * takes them, and another would refuse a turn without a word; a message of nothing says nothing.
 */
export function dropEmptyMessages(request: NeutralRequest): NeutralRequest {
  if (!request.messages.some(({ parts }) => parts.some(isEmptyMessage))) return request;
  const messages = request.messages.flatMap((message) => {
    const parts = message.parts.filter((part) => !isEmptyMessage(part));
    return parts.length === 0 && message.parts.length > 0 ? [] : [{ ...message, parts }];
  });
  return { ...request, messages };
}

function isEmptyMessage(part: Part): boolean {
  if (part.kind !== "native" || part.dialect !== "openai-responses" || part.extra !== undefined) return false;
  const { type, role, content } = part.value;
  return (type === "message" || type === undefined) && role === "assistant" && asArray(content).length === 0;
}
