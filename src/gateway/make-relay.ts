import type { OpenExchange } from "../account/open-exchange.ts";
import type { RoutePolicy } from "../policy.ts";
import { AnswerRelay } from "../relay/answer-relay.ts";
import type { SlowAnswerGuard } from "../relay/commit-gate.ts";
import type { Relay } from "../relay/relay.ts";
import { TranslateRelay } from "../relay/translate-relay.ts";
import { UpgradeRelay } from "../relay/upgrade-relay.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { Attempt } from "./attempt.ts";
import type { Outgoing, Plan } from "./outgoing.ts";
import { dialectOf } from "./read-request.ts";
import { makesResponses } from "./responses-state.ts";
import type { Upstreams } from "./upstreams.ts";

/** What takes an attempt's answer to the caller: passing, translating, or an upgraded connection. */
export function makeRelay(
  upstreams: Upstreams,
  caller: CallerStream,
  exchange: OpenExchange,
  attempt: Attempt,
  mayResume: boolean,
): Relay {
  const { chosen } = attempt.plan as Plan;
  const { isUpgrade, translation, isStreamRequested, choices, withholdsUsage, dropped, toKeep } =
    attempt.outgoing as Outgoing;
  const { requestId, provider, group, caller: name } = exchange;
  const { responses } = upstreams;
  if (isUpgrade) return new UpgradeRelay(caller, requestId, attempt);
  const ownLines = `x-llmux-attempts: ${exchange.attempts}\r\n${exchange.ownLines?.() ?? ""}`;
  if (translation !== null) {
    const where = { caller: name, group, provider };
    const onAnswered =
      toKeep === null
        ? null
        : (text: string) => responses.keep(toKeep, text, { ...where, nowMs: upstreams.wallClock() });
    const budget = upstreams.bodies;
    const options = { translation, isStreamRequested, requestId, dropped, ownLines, mayResume, budget, onAnswered };
    return new TranslateRelay(caller, options, attempt);
  }
  const { grammar, answersJson, dialect } = chosen.endpoint;
  const { readUsage } = dialectOf(dialect);
  const options = {
    grammar,
    isStreamRequested,
    choices,
    answersJson,
    withholdsUsage,
    requestId,
    readUsage,
    ownLines,
    onId: makesResponses(chosen.endpoint) ? (id: string) => responses.homes.note(id, provider) : null,
  };
  return new AnswerRelay(caller, options, attempt);
}

/** Watches how fast a stream begins; null where it may begin as slowly as it likes. */
export function makeSlowAnswerGuard(
  { chosen }: Plan,
  { isStreamRequested }: Outgoing,
  policy: RoutePolicy | undefined,
): SlowAnswerGuard | null {
  const slow = policy?.slowAnswer ?? null;
  if (slow === null || !isStreamRequested || chosen.endpoint.operation !== "generate") return null;
  const reader = dialectOf(chosen.surface.dialect).generate.openReader();
  return {
    ...slow,
    countChars(payload) {
      let chars = 0;
      try {
        reader.push(payload, (event) => {
          if (event.kind === "text-delta" || event.kind === "reasoning-delta") chars += event.text.length;
          else if (event.kind === "tool-call-arguments-delta") chars += event.text.length;
        });
      } catch {
        return Number.POSITIVE_INFINITY; // what cannot be read is not judged: the caller gets it as it is
      }
      return chars;
    },
  };
}
