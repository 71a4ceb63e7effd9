/** The schema of `providers` and `models`, and the pieces they share with the other sections. */
import * as v from "valibot";
import {
  breaker,
  budget,
  healthCheck,
  inFlightTokens,
  MAX_COUNT,
  MAX_RATE,
  policy,
  price,
  rates,
  tags,
  timeouts,
} from "./schema-policy.ts";
import { A_LIST, A_MAP, duration, flag, integer, marks, percent, text, textOrFile, word } from "./values.ts";

/** Marks a key as understood but without effect in this version. */
export function planned<Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(v.pipe(schema, marks({ isPlanned: true })));
}

export const queue = v.pipe(
  v.strictObject(
    {
      size: integer("Requests that may wait.", 1, MAX_COUNT),
      timeout: duration("How long one may wait."),
    },
    A_MAP,
  ),
  v.description(
    "A bounded queue, first come first served, for requests that find no free slot; null refuses them at once.",
  ),
);

const tls = v.pipe(
  v.strictObject(
    {
      ca: v.optional(textOrFile("CA certificates (PEM) trusted instead of the built-in ones.")),
      cert: v.optional(textOrFile("Client certificate (PEM); needs `key`.")),
      key: v.optional(textOrFile("Private key (PEM) of `cert`.")),
      server_name: v.optional(
        text("Name for SNI and for the certificate, where it is not the host.", "a host name", 253),
      ),
      verify: v.optional(flag("Whether the provider's certificate is checked."), true),
    },
    A_MAP,
  ),
  v.description("TLS towards the provider."),
);

const adaptiveConcurrency = v.pipe(
  v.strictObject(
    {
      min: v.optional(integer("The bound never goes below.", 1, MAX_COUNT), 4),
      max: v.optional(integer("The bound never goes above.", 1, MAX_COUNT), 200),
    },
    A_MAP,
  ),
  v.description("Lets the provider's own latency move the bound of requests at once; null for a fixed one."),
);

const retryBudget = v.pipe(
  v.strictObject(
    {
      share: v.optional(percent("Retries, as a share of the requests to it."), "20%"),
      min_per_second: v.optional(integer("Retries per second that are always allowed.", 0, 100_000), 10),
    },
    A_MAP,
  ),
  v.description("How much of the traffic may be retries, so that they cannot make an outage worse."),
);

export const provider = v.pipe(
  v.strictObject(
    {
      provider: v.optional(
        word("Id of the definition; the entry's own name by default.", "the id of a known provider"),
      ),
      base_url: v.optional(
        v.pipe(
          text(
            "`http://…`, `https://…`, or `unix:/path` (with a prefix: `unix:/path:/v1`); as in the provider's own SDK.",
            "a URL",
            2_048,
          ),
          marks({ isSecret: true }),
        ),
      ),
      api_key: v.optional(textOrFile("The credential.")),
      api_keys: v.optional(
        v.pipe(
          v.array(textOrFile("A credential."), A_LIST),
          v.minLength(1, "at least one credential"),
          v.maxLength(100, "at most 100 credentials"),
          v.description("Several credentials, used in turn; one that the provider refuses (401, 402, 403, 429) rests."),
        ),
      ),
      headers: v.optional(
        v.pipe(
          v.record(v.string(), textOrFile("The header's value."), A_MAP),
          v.description("Extra headers for every request to it."),
        ),
      ),
      dialect: v.optional(word("The API it speaks, where it is not the definition's.", "the name of a dialect")),
      dialects: v.optional(
        v.pipe(
          v.array(word("A dialect.", "the name of a dialect"), A_LIST),
          v.minLength(1, "at least one dialect"),
          v.maxLength(8, "at most 8 dialects"),
          v.description(
            "The APIs it speaks, where it is more than one, the preferred first: a caller that speaks one of them is passed through, any other is translated.",
          ),
        ),
      ),
      region: v.optional(word("Region, for providers that have several.", "a region")),
      project: v.optional(word("Project, for providers whose URLs name one.", "a project")),
      account: v.optional(word("Account or resource, for providers whose URLs name one.", "an account")),
      api_version: v.optional(word("Version of the provider's API, where its URLs name one.", "an API version")),
      max_concurrent: v.optional(v.nullable(integer("Requests at once; unlimited by default.", 1, MAX_COUNT))),
      max_in_flight_tokens: inFlightTokens,
      queue: v.optional(v.nullable(queue)),
      adaptive_concurrency: v.optional(v.nullable(adaptiveConcurrency)),
      retry_budget: v.optional(retryBudget, {}),
      budget: v.optional(budget),
      tls: v.optional(tls),
      proxy: v.optional(
        v.nullable(
          v.pipe(
            textOrFile(
              "URL of an HTTP proxy; null for none. By default HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment decide.",
            ),
          ),
        ),
      ),
      timeouts: v.optional(timeouts),
    },
    A_MAP,
  ),
  v.description("A place that serves models. `NAME/MODEL` can be called without an entry under `models`."),
);

const deployment = v.pipe(
  v.strictObject(
    {
      provider: text("Name of an entry under `providers`.", "a provider defined under providers", 64),
      model: text(
        "The model's name there; `*` stands for what the caller's name had in the group's `*`.",
        "a model's name",
        256,
      ),
      timeouts: v.optional(timeouts),
      weight: v.optional(integer("Share of the traffic; 1 by default.", 0, 1_000)),
      priority: v.optional(integer("Order for the strategy `priority`: 0 is tried first.", 0, 100), 0),
      ...rates,
      tags: v.optional(tags),
      price: v.optional(price),
      context_window: v.optional(integer("Tokens of input and output together.", 1, MAX_RATE)),
      budget: v.optional(budget),
      breaker: v.optional(breaker),
      health_check: v.optional(healthCheck),
    },
    A_MAP,
  ),
  v.description("One provider and the model's name there."),
);

export const groupName = v.pipe(
  v.string(),
  v.regex(
    /^[^\s\p{C}*][^\p{C}*]{0,199}\*?$|^\*$/u,
    "a model's name of at most 200 printable characters, with one * at most, as the last",
  ),
);

export const model = v.pipe(
  v.strictObject(
    {
      deployments: v.pipe(
        v.array(deployment, A_LIST),
        v.minLength(1, "at least one deployment"),
        v.maxLength(100, "at most 100 deployments"),
        v.description("Where the model is served."),
      ),
      timeouts: v.optional(timeouts),
      ...policy,
      ...rates,
    },
    A_MAP,
  ),
  v.description("The name callers ask for. `*` as the last character matches any rest of a name."),
);

export const providerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "a name of letters, digits, dots, dashes and underscores (64 at most)"),
);
