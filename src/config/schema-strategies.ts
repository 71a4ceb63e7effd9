/** The schema of `strategy`: a name, a name with options, or a list of those with the outermost first. */
import * as v from "valibot";
import { A_LIST, A_MAP, integer, listOf, marks, oneOf, percent, text, word } from "./values.ts";

/** Strategies that pick freely among what they are given; they can only stand last. */
export const PICKING_STRATEGIES: ReadonlySet<string> = new Set([
  "simple-shuffle",
  "round-robin",
  "least-busy",
  "lowest-latency",
  "lowest-cost",
  "lowest-usage",
]);

const tagList = (description: string, minimum: 0 | 1) =>
  listOf(description, word("A tag.", "a tag"), "tag", minimum, 100);

const rule = v.pipe(
  v.strictObject(
    {
      when: text(
        'A condition in CEL (https://cel.dev), such as `tokens > 8000` or `team == "shop" && !stream`; the first rule that holds decides.',
        "an expression",
        1_000,
      ),
      use: v.pipe(
        v.strictObject(
          {
            tags: v.optional(tagList("Deployments with one of these tags.", 1)),
            providers: v.optional(
              listOf(
                "Deployments at one of these providers.",
                text("A provider.", "a provider defined under providers", 64),
                "provider",
                1,
                100,
              ),
            ),
            models: v.optional(
              listOf(
                "Deployments with one of these model names, as the provider calls them.",
                text("A model.", "a model's name", 256),
                "model",
                1,
                100,
              ),
            ),
          },
          A_MAP,
        ),
        v.description("Which deployments it leads to; all that is given must fit."),
      ),
    },
    A_MAP,
  ),
  v.description("A rule."),
);

function strategyMap<const Name extends string, Options extends v.ObjectEntries>(
  name: Name,
  description: string,
  options: Options,
) {
  return v.pipe(
    v.strictObject(
      { name: v.pipe(v.picklist([name], `the name ${name}`), v.description("Its name.")), ...options },
      A_MAP,
    ),
    v.description(description),
  );
}

const strategyWithOptions = v.variant(
  "name",
  [
    strategyMap("simple-shuffle", "A weighted chance.", {
      by: v.optional(
        oneOf(
          "What weighs: `weight`, `rpm` or `tpm` of the deployments. By default `weight` where one has it, else `rpm` or `tpm` where all have it.",
          ["weight", "rpm", "tpm"],
        ),
      ),
    }),
    strategyMap("round-robin", "In turn, by weight.", {}),
    strategyMap("least-busy", "The one of two at random that has fewer requests in flight.", {}),
    strategyMap(
      "lowest-latency",
      "The one whose first byte (of a stream) or whose tokens (of a plain answer) come fastest.",
      { buffer: v.optional(percent("How much slower than the fastest one may be to count as its equal."), "10%") },
    ),
    strategyMap("lowest-cost", "The one whose `price` makes the expected tokens cheapest.", {}),
    strategyMap("lowest-usage", "The one that has used the smallest share of its `rpm` or `tpm`.", {}),
    strategyMap("budget", "Leaves out what has spent its `budget`, or whose provider has.", {}),
    strategyMap("tags", "Keeps the deployments that have the request's tags.", {
      default: v.optional(
        tagList("Tags of requests that have none; where it is empty, those go to deployments without tags.", 0),
        [],
      ),
      match: v.optional(oneOf("Whether a deployment needs one of them or all.", ["any", "all"]), "any"),
    }),
    strategyMap("conditional", "Keeps the deployments that the first rule that holds leads to; all where none holds.", {
      rules: v.pipe(
        v.array(rule, A_LIST),
        v.minLength(1, "at least one rule"),
        v.maxLength(100, "at most 100 rules"),
        v.description("The rules, in order."),
      ),
    }),
    strategyMap("affinity", "Sends what belongs together to the same deployment, so that its prompt cache is hit.", {
      by: v.pipe(
        v.string("user, prompt-prefix or header:NAME"),
        v.regex(
          /^(?:user|prompt-prefix|header:[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})$/,
          "user, prompt-prefix or header:NAME",
        ),
        v.description(
          "What belongs together: requests of the same `user`, with the same `prompt-prefix`, or with the same value of a header (`header:x-session-id`).",
        ),
      ),
      bytes: v.optional(integer("Length of the prefix for `prompt-prefix`; 1024 by default.", 1, 65_536)),
    }),
    strategyMap("priority", "Keeps the deployments with the lowest `priority` of those that are left.", {}),
  ],
  "the key name and its options",
);

export type StrategyEntry = v.InferOutput<typeof strategyWithOptions>;
type StrategyName = StrategyEntry["name"];

/** Every strategy there is. */
export const STRATEGY_NAMES = [
  "simple-shuffle",
  "round-robin",
  "least-busy",
  "lowest-latency",
  "lowest-cost",
  "lowest-usage",
  "budget",
  "tags",
  "conditional",
  "affinity",
  "priority",
] as const satisfies readonly StrategyName[];

/** Those that make sense without options. */
const PLAIN_NAMES = STRATEGY_NAMES.filter((name) => name !== "conditional" && name !== "affinity");

const strategyName = v.picklist(PLAIN_NAMES, ({ input }) => {
  if (input === "affinity") return "{ name: affinity, by: … }, because it needs to know by what";
  if (input === "conditional") return "{ name: conditional, rules: [ … ] }, because it does nothing without rules";
  return `one of ${STRATEGY_NAMES.join(", ")}`;
});

type Item = StrategyEntry | StrategyName;
const EXPECTED = "the name of a strategy, a map with its name and options, or a list of those";

/** As valibot wants them told apart: by the form of what came, so that its problems are those of that form. */
const strategyItem = v.pipe(
  v.lazy((input): v.GenericSchema<unknown, Item> =>
    typeof input === "string"
      ? strategyName
      : typeof input === "object" && input !== null && !Array.isArray(input)
        ? strategyWithOptions
        : v.picklist(PLAIN_NAMES, EXPECTED),
  ),
  marks({ forms: { expected: EXPECTED, text: strategyName, map: strategyWithOptions } }),
);

const strategyList = v.pipe(
  v.array(strategyItem, A_LIST),
  v.minLength(1, "at least one strategy"),
  v.maxLength(8, "at most 8 strategies"),
  v.description("Strategies that nest, the outermost first; the last one picks."),
);

export const strategy = v.pipe(
  v.lazy((input): v.GenericSchema<unknown, Item | Item[]> => (Array.isArray(input) ? strategyList : strategyItem)),
  v.description("How a deployment is chosen: a name, a name with options, or a list of those, the outermost first."),
  marks({
    kind: "strategy",
    forms: { expected: EXPECTED, text: strategyName, list: strategyList, map: strategyWithOptions },
  }),
);
