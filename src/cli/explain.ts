import { mayCall, priorityOf } from "../auth/authenticate.ts";
import { tagsOf } from "../auth/request-tags.ts";
import { loadSnapshot } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { GatewayError } from "../errors.ts";
import type { ModelGroup, Snapshot } from "../exchange.ts";
import type { FailureClass, Key } from "../policy.ts";
import { PROVIDERS } from "../provider/registry.gen.ts";
import { compileExpression } from "../route/expression.ts";
import type { Facts } from "../route/facts.ts";
import { findGroup, type FoundGroup, upstreamModelOf } from "../route/find-group.ts";
import { describeLine } from "../route/trace.ts";
import { type Command, type CommandInput, UsageError } from "./command.ts";
import { EXIT_CODE } from "./exit-code.ts";
import {
  type ExplainedMove,
  type ExplainedStep,
  explainCourse,
  explainOrder,
  type SimulatedFailure,
} from "./explain-course.ts";

const CLASS_OF_WORD: ReadonlyMap<string, FailureClass> = new Map([
  ["connect", "connect"],
  ["timeout", "timeout"],
  ["eof", "server"],
  ["500", "server"],
  ["502", "server"],
  ["503", "server"],
  ["529", "server"],
  ["429", "rate_limit"],
  ["401", "auth"],
  ["402", "auth"],
  ["403", "auth"],
  ["404", "not_found"],
  ["400", "bad_request"],
  ["context", "context_window"],
  ["content", "content_policy"],
]);
const MAX_FAILURES = 20;
const COLUMNS = 80;

/** `llmux explain`: where a request would go, and what each failure would lead to; asks no provider. */
export const explainCommand: Command = {
  name: "explain",
  usage: "--model NAME [--config FILE|DIR] [--simulate 429,timeout,eof] [--json] …",
  description: `Says where a request would go: who is a candidate, who is left out and why, and in which order they are asked.
With --simulate, also what each failure in turn would lead to (429@5: with a Retry-After of 5 s). Asks no provider;
nothing is known of the deployments yet, as after a start.
Exit code 0 when somebody would be asked; 1 when nobody would.`,
  words: { min: 0, max: 0 },
  flags: {
    model: { kind: "value", placeholder: "NAME", help: "the model, as a request names it" },
    config: { kind: "value", placeholder: "FILE|DIR", help: "the config; without it, as serve: from the environment" },
    tags: { kind: "value", placeholder: "A,B", help: "tags of the request" },
    key: { kind: "value", placeholder: "NAME", help: "the key it comes with: its models, tags and team" },
    tokens: { kind: "value", placeholder: "N", help: "how long its prompt is, in tokens; 0 by default" },
    header: { kind: "value", placeholder: "K=V,K=V", help: "headers of the request" },
    simulate: {
      kind: "value",
      placeholder: "LIST",
      help: "failures in turn: 429, timeout, eof, 500, connect, 401, context, content …",
    },
    seed: { kind: "value", placeholder: "N", help: "of the draw; another number may choose others; 1 by default" },
    json: { kind: "switch", help: "JSON instead of text" },
  },
  async run(input) {
    const { values, switches, env, terminal } = input;
    const model = values.get("model");
    if (model === undefined) throw new UsageError("--model is needed: the model, as a request names it");
    const failures = readFailures(values.get("simulate") ?? "");
    const seed = readNumber(input, "seed", 1);
    const tokens = readNumber(input, "tokens", 0);
    const headers = readHeaders(values.get("header") ?? "");
    let snapshot: Snapshot;
    try {
      const path = values.get("config") ?? null;
      snapshot = await loadSnapshot({
        path,
        definitions: PROVIDERS,
        env,
        compileExpression,
        generation: 1,
        now: Date.now,
      });
    } catch (error) {
      // A config that cannot be used is to be told as `check` does; anything else is a failure of ours.
      if (!(error instanceof ConfigError)) throw error;
      await terminal.err(`${error.message}\n`);
      return EXIT_CODE.usage;
    }
    const key = findKey(snapshot, values.get("key") ?? null);
    let found: FoundGroup;
    let facts: Facts;
    try {
      found = findGroup(snapshot, model, (name) => mayCall(key, name));
      if (!mayCall(key, model)) throw new GatewayError("forbidden", `The key ${key?.name} may not call ${model}.`);
      facts = makeFacts({ model, tags: tagsOf(values.get("tags") ?? null, key), key, tokens, headers });
    } catch (error) {
      // The answer that the caller would get.
      if (!(error instanceof GatewayError)) throw error;
      await terminal.err(`${error.status} ${error.code}: ${error.message}\n`);
      return EXIT_CODE.failure;
    }
    const steps = explainCourse({ snapshot, found, facts, seed }, failures);
    const order = explainOrder({ snapshot, found, facts, seed });
    await terminal.out(
      switches.has("json")
        ? `${JSON.stringify({ model, group: found.group.name, candidates: listCandidates(found), order, steps }, null, 2)}\n`
        : writeText(found, order, steps),
    );
    return steps[0]?.move.kind === "try" ? EXIT_CODE.ok : EXIT_CODE.failure;
  },
};

// ---- What is asked ------------------------------------------------------------------------------------------------------------

function readFailures(text: string): readonly SimulatedFailure[] {
  const words = splitList(text);
  if (words.length > MAX_FAILURES) {
    throw new UsageError(`--simulate takes at most ${MAX_FAILURES} failures, got ${words.length}`);
  }
  return words.map((word) => {
    const [, name = "", seconds] = /^([a-z0-9]+)(?:@(\d{1,6}))?$/.exec(word) ?? [];
    const failureClass = CLASS_OF_WORD.get(name);
    if (failureClass === undefined) {
      const known = [...CLASS_OF_WORD.keys()].join(", ");
      throw new UsageError(`--simulate should name failures among ${known}, got ${JSON.stringify(word)}`);
    }
    return { word, class: failureClass, retryAfterMs: seconds === undefined ? null : Number(seconds) * 1_000 };
  });
}

function readNumber({ values }: CommandInput, flag: "seed" | "tokens", otherwise: number): number {
  const text = values.get(flag);
  if (text === undefined) return otherwise;
  if (!/^\d{1,12}$/.test(text)) throw new UsageError(`--${flag} should be a whole number, got ${JSON.stringify(text)}`);
  return Number(text);
}

function readHeaders(text: string): ReadonlyMap<string, string> {
  return new Map(
    splitList(text).map((pair): [string, string] => {
      const at = pair.indexOf("=");
      if (at <= 0)
        throw new UsageError(`--header should be NAME=VALUE, several with commas, got ${JSON.stringify(pair)}`);
      return [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()];
    }),
  );
}

function splitList(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

function findKey({ keys }: Snapshot, name: string | null): Key | null {
  if (name === null) return null;
  for (const key of keys.values()) if (key.name === name) return key;
  const known = [...keys.values()].slice(0, 10).map((key) => key.name);
  throw new UsageError(
    `--key should name a key of the config${known.length === 0 ? ", which has none" : `, such as ${known.join(", ")}`}, got ${JSON.stringify(name)}`,
  );
}

function makeFacts(of: {
  readonly model: string;
  readonly tags: readonly string[];
  readonly key: Key | null;
  readonly tokens: number;
  readonly headers: ReadonlyMap<string, string>;
}): Facts {
  return {
    model: of.model,
    endpoint: "chat.completions",
    isStream: true,
    priority: priorityOf(of.headers.get("x-llmux-priority") ?? null, of.key),
    caller: of.key?.name ?? "anonymous",
    team: of.key?.team ?? null,
    tags: of.tags,
    keyTags: of.key?.tags ?? [],
    inputTokens: of.tokens,
    outputTokens: 0,
    header: (name) => of.headers.get(name) ?? null,
    metadata: {},
    user: null,
    promptPrefix: () => null,
  };
}

// ---- What is told -------------------------------------------------------------------------------------------------------------

function listCandidates({ group, rest }: FoundGroup) {
  return group.deployments.map((deployment) => ({
    deployment: deployment.id,
    provider: deployment.provider.name,
    upstreamModel: upstreamModelOf(deployment, rest),
    weight: deployment.weight,
    tier: deployment.tier,
    tags: deployment.tags,
    contextWindow: deployment.contextWindow,
  }));
}

function writeText(found: FoundGroup, order: readonly string[], steps: readonly ExplainedStep[]): string {
  const lines = [`model group ${found.group.name}, strategy ${describeStrategy(found.group)}`, "", "Candidates:"];
  for (const each of listCandidates(found)) {
    const facts = [
      `${each.provider}, ${each.upstreamModel}`,
      ...(each.weight === null ? [] : [`weight ${each.weight}`]),
      ...(each.tier === 0 ? [] : [`priority ${each.tier}`]),
      ...(each.tags.length === 0 ? [] : [`tags ${each.tags.join(" ")}`]),
      ...(each.contextWindow === null ? [] : [`${each.contextWindow} tokens`]),
    ];
    lines.push(`  ${each.deployment}: ${facts.join("; ")}`);
  }
  lines.push("", "Order of this draw, fallbacks included:");
  for (const [place, id] of order.entries()) lines.push(`  ${place + 1}. ${id}`);
  if (order.length === 0) lines.push("  nobody");
  for (const { after, atMs, lines: told, move } of steps) {
    lines.push("", after === null ? "The request comes:" : `${after}, after ${(atMs / 1_000).toFixed(1)} s:`);
    for (const line of told) lines.push(`  ${describeLine(line)}`);
    lines.push(`  => ${describeMove(move)}`);
  }
  return `${lines.flatMap(wrap).join("\n")}\n`;
}

function describeStrategy({ policy }: ModelGroup): string {
  return policy.strategy.map(({ name }) => name).join(" > ");
}

function describeMove(move: ExplainedMove): string {
  if (move.kind === "try") {
    return move.waitMs === 0 ? `ask ${move.deployment}` : `wait ${move.waitMs} ms, then ask ${move.deployment}`;
  }
  if (move.error === null) return "the caller gets the last attempt's own error";
  return `the caller gets ${move.status}: ${move.error}`;
}

/** Lines of at most 80 columns; what is broken goes on further in. A word that is longer stays whole. */
function wrap(line: string): readonly string[] {
  if (line.length <= COLUMNS) return [line];
  const indent = `${/^ */.exec(line)?.[0] ?? ""}    `;
  const wrapped: string[] = [];
  let current = "";
  for (const word of line.trimEnd().split(/(?<=\S) /)) {
    if (current !== "" && current.length + 1 + word.length > COLUMNS) {
      wrapped.push(current);
      current = `${indent}${word}`;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...wrapped, current];
}
