/** The schema of `keys` and `teams`: who may call, and how much. */
import * as v from "valibot";
import { modelName, rates, tags } from "./schema-policy.ts";
import { A_MAP, flag, listOf, marks, oneOf, word } from "./values.ts";

const A_HASH = 'the SHA-256 of the key in 64 hexadecimal digits, as from: printf %s "$KEY" | sha256sum';

const key = v.pipe(
  v.strictObject(
    {
      name: word("Name of the caller, in logs and metrics.", "a name of letters, digits, dots, dashes and underscores"),
      sha256: v.pipe(
        v.string(A_HASH),
        v.regex(/^[0-9a-fA-F]{64}$/, A_HASH),
        v.description('SHA-256 of the key in hexadecimal digits: `printf %s "$KEY" | sha256sum`.'),
        marks({ isSecret: true }),
      ),
      models: v.optional(
        listOf(
          "Models it may call; a `*` at the end stands for any rest (`local/*`). All by default.",
          v.pipe(modelName, v.regex(/^[^*]*\*?$/, "a model's name with one * at most, as the last")),
          "model",
          1,
          1_000,
        ),
      ),
      ...rates,
      team: v.optional(word("The team it belongs to.", "the name of a team")),
      tags: v.optional(tags),
      priority: v.optional(
        oneOf("The most urgent class its requests may ask for with `x-llmux-priority`.", ["high", "normal", "low"]),
        "normal",
      ),
      debug: v.optional(flag("Whether it may ask for the trace of a routing decision."), false),
    },
    A_MAP,
  ),
  v.description("A key."),
);

export const keys = v.pipe(
  v.array(key, "a list of keys (leave the section out to let every local caller in)"),
  v.minLength(
    1,
    "at least one key, because an empty list would let nobody in (leave the section out to let every local caller in)",
  ),
  v.maxLength(10_000, "at most 10000 keys"),
  v.title("keys"),
  v.description(
    "Virtual keys for callers. Without this section every local caller is let in as `anonymous`; with it, a caller needs one of them.",
  ),
);

export const teams = v.pipe(
  v.record(
    word("Name of the team.", "a team's name of letters, digits, dots, dashes and underscores"),
    v.nullish(v.pipe(v.strictObject(rates, A_MAP), v.description("What all keys of the team may use together.")), {}),
    A_MAP,
  ),
  v.maxEntries(1_000, "at most 1000 teams"),
  v.title("teams"),
  v.description("Limits that several keys share. Where the section is left out, a key's `team` is only a name."),
);
