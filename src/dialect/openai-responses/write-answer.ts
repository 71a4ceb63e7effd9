import type { JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer } from "../neutral.ts";
import { writeFinish } from "./finish.ts";
import { ResponseIds } from "./ids.ts";
import { ItemWriter } from "./item-writer.ts";
import { isEncryptionAsked } from "./reasoning-item.ts";
import { writeSettings } from "./response-object.ts";
import { writeUsage } from "./usage.ts";

/** A whole response. The API knows one choice: of several, the first. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "openai-responses";
  const choice = answer.choices.find(({ index }) => index === 0) ?? answer.choices[0];
  const finish = choice?.finish ?? null;
  const ids = new ResponseIds();
  const { status, reason } = writeFinish(finish?.kind ?? "stop");
  const items = new ItemWriter({
    isOwn,
    isEncryptionAsked: isEncryptionAsked(context),
    newId: (prefix) => ids.next(prefix),
    logprobs: choice?.logprobs ?? [],
    lastStatus: status === "incomplete" ? "incomplete" : "completed",
  });
  for (const part of choice?.parts ?? []) items.add(part);
  const output = items.finish();
  if (isOwn) {
    return {
      ...(answer.id === null ? {} : { id: answer.id }),
      ...(answer.createdAt === null ? {} : { created_at: answer.createdAt }),
      ...(answer.model === null ? {} : { model: answer.model }),
      ...(answer.serviceTier === null ? {} : { service_tier: answer.serviceTier }),
      ...(finish === null ? {} : finish.native === null ? { status } : { status: finish.native }),
      output,
      ...(answer.usage === null ? {} : { usage: writeUsage(answer.usage, true) }),
      ...answer.extra,
    };
  }
  return {
    id: ids.response,
    object: "response",
    created_at: answer.createdAt ?? context.createdAt,
    status,
    completed_at: status === "completed" ? Math.floor(Date.now() / 1000) : null,
    error: status === "failed" ? { code: "server_error", message: "The provider's answer ended with an error." } : null,
    incomplete_details: reason === null ? null : { reason },
    ...writeSettings(context.request),
    model: answer.model ?? context.model,
    output,
    service_tier: answer.serviceTier ?? "default",
    usage: writeUsage(answer.usage, false),
  };
}
