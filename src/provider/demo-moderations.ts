import type { DemoReply } from "./demo-answer.ts";
import { asText, getField, makeDemoId } from "./demo-text.ts";

const CATEGORIES = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/instructions",
  "self-harm/intent",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
];

/** POST /v1/moderations: nothing is ever flagged, since nobody looked. */
export function answerDemoModeration(body: unknown): DemoReply {
  const input = getField(body, "input");
  if (typeof input !== "string" && !Array.isArray(input)) {
    return { kind: "error", status: 400, message: "Expected input to be a text or a list.", param: "input" };
  }
  const all = <T>(value: T): Record<string, T> => Object.fromEntries(CATEGORIES.map((name) => [name, value]));
  const result = {
    flagged: false,
    categories: all(false),
    category_scores: all(0),
    category_applied_input_types: all([]),
  };
  // A list of texts gets a result each; a list of parts (text and images) is one input.
  const count = Array.isArray(input) && input.every((each) => typeof each === "string") ? input.length : 1;
  const results = Array.from({ length: Math.max(1, count) }, () => result);
  const id = makeDemoId("modr-", JSON.stringify(input));
  return { kind: "json", value: { id, model: asText(getField(body, "model"), "demo"), results } };
}
