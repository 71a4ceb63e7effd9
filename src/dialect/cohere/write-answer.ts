import type { JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer } from "../neutral.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { writeAssistantParts } from "./parts.ts";
import { writeUsage } from "./usage.ts";

/** An answer of `POST /v2/chat`: https://docs.cohere.com/reference/chat. Of several choices it can hold the first. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "cohere";
  const choice = answer.choices[0];
  const finish = choice?.finish ?? null;
  const members = writeAssistantParts(choice?.parts ?? [], () => undefined);
  const logprobs = choice?.logprobs ?? null;
  return {
    ...(logprobs === null ? null : { logprobs: writeLogprobs(logprobs) }),
    ...(isOwn ? answer.extra : null),
    id: answer.id ?? context.requestId,
    message: { ...(isOwn ? choice?.extra : null), role: "assistant", ...members },
    finish_reason: finish === null ? "COMPLETE" : writeFinish(finish),
    ...(answer.usage === null ? null : { usage: writeUsage(answer.usage) }),
  };
}
