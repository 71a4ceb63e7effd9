/** A line or event longer than this is not an answer to a chat of ours. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;

/**
 * The `data` of each server-sent event of a body, in order (WHATWG HTML, 9.2.6: lines end in LF, CR or CRLF; several
 * data lines are joined by LF; comments and other fields are skipped; an event the stream did not close is dropped).
 */
export async function* readEventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > MAX_EVENT_CHARS) throw new Error(`an event is longer than ${MAX_EVENT_CHARS} characters`);
    for (;;) {
      // A CR at the very end may be the first half of a CRLF: it waits for the next chunk.
      const match = /\r\n|\n|\r(?!$)/.exec(rest);
      if (match === null) break;
      const line = rest.slice(0, match.index);
      rest = rest.slice(match.index + match[0].length);
      if (line === "") {
        if (data.length > 0) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
    }
  }
}
