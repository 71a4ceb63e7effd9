/** Events as the wire would carry them. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { writeEventStreamFrame } from "./oracle/frames.ts";

/** In the framing of the API that says them. */
export function encodeEvents(events: readonly JsonObject[], dialect: DialectId): Buffer {
  switch (dialect) {
    case "openai-chat":
      return Buffer.from(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`);
    case "openai-responses":
    case "anthropic-messages":
    case "cohere":
      return Buffer.from(
        events.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
      );
    case "gemini":
      return Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join(""));
    case "ollama":
      return Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    case "bedrock-converse":
      return Buffer.concat(
        events.flatMap((event) =>
          Object.entries(event).map(([type, payload]) =>
            writeEventStreamFrame(
              { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
              JSON.stringify(payload),
            ),
          ),
        ),
      );
    default:
      return dialect satisfies never;
  }
}
