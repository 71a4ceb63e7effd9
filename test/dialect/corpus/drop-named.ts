/** A request without what its translation says it left out: the rest must arrive. */
import type { NeutralRequest, Part } from "../../../src/dialect/neutral.ts";

/** Names a translation lists at most: beyond it, what was left out is not known. */
export const MAX_NAMES = 32;

/** Names are `messages.2.content.0`, `messages.2.content.0.content.1`, `tools.3`; others name settings, which are not compared. */
export function dropNamed(request: NeutralRequest, names: readonly string[]): NeutralRequest {
  const dropped = new Set(names);
  return {
    ...request,
    messages: request.messages.map((message, index) => ({
      ...message,
      parts: dropParts(message.parts, `messages.${index}.content`, dropped),
    })),
    tools: request.tools.filter((_, index) => !dropped.has(`tools.${index}`)),
  };
}

function dropParts(parts: readonly Part[], path: string, dropped: ReadonlySet<string>): readonly Part[] {
  return parts.flatMap((part, index): Part[] => {
    const place = `${path}.${index}`;
    if (dropped.has(place)) return [];
    return part.kind === "tool-result"
      ? [{ ...part, content: dropParts(part.content, `${place}.content`, dropped) }]
      : [part];
  });
}
