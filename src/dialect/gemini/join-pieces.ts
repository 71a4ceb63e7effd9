import type { NeutralMessage, NeutralRequest, Part } from "../neutral.ts";

/**
 * A request whose turns of the model are whole. What came as a stream comes back in its pieces: Google's SDKs keep a content for each
 * chunk and a part for each piece of text or thought (`Chat` of @google/genai). Other APIs know a turn as one message, and compare
 * reasoning with what they signed.
 */
export function joinPieces(request: NeutralRequest): NeutralRequest {
  const messages: NeutralMessage[] = [];
  let isChanged = false;
  for (const message of request.messages) {
    const last = messages.at(-1);
    if (message.role !== "assistant") messages.push(message);
    else if (last?.role === "assistant") {
      messages[messages.length - 1] = { ...last, parts: joinParts([...last.parts, ...message.parts]) };
      isChanged = true;
    } else {
      const parts = joinParts(message.parts);
      isChanged ||= parts !== message.parts;
      messages.push(parts === message.parts ? message : { ...message, parts });
    }
  }
  return isChanged ? { ...request, messages } : request;
}

function joinParts(parts: readonly Part[]): readonly Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const both = last === undefined ? null : join(last, part);
    if (both === null) joined.push(part);
    else joined[joined.length - 1] = both;
  }
  return joined.length === parts.length ? parts : joined;
}

/** Two pieces as one; null where they are parts of their own. A signature stands on the last piece of what it signs. */
function join(first: Part, second: Part): Part | null {
  if (first.kind === "text" && second.kind === "text") {
    return first.signature === undefined ? { ...first, ...second, text: first.text + second.text } : null;
  }
  if (first.kind !== "reasoning" || second.kind !== "reasoning") return null;
  const isOpen = first.signature === undefined && first.encrypted === undefined;
  return isOpen ? { ...first, ...second, text: first.text + second.text } : null;
}
