/** The schema of what routing and admission do: limits, retries, fallbacks, breakers; for models, deployments and `defaults`. */
import * as v from "valibot";
import { strategy } from "./schema-strategies.ts";
import { A_MAP, amount, delay, duration, integer, listOf, oneOf, percent, text, word } from "./values.ts";

export const MAX_COUNT = 1_000_000;
export const MAX_RATE = 1_000_000_000_000;

export const timeouts = v.pipe(
  v.strictObject(
    {
      connect: v.optional(duration("Until the connection stands, TLS and proxy included.")),
      first_byte: v.optional(duration("From the request sent to the first byte of the answer.")),
      idle: v.optional(duration("Between two chunks of an answer.")),
      total: v.optional(duration("From the first byte read of the request to the last byte of the answer.")),
    },
    A_MAP,
  ),
  v.description("The four timeouts; a field left out is taken from the next wider level."),
);

const requestRate = v.optional(integer("Requests per minute.", 1, MAX_RATE));
const tokenRate = v.optional(
  integer(
    "Tokens per minute, input and output: reserved by an estimate when a request comes, settled to what it used.",
    1,
    MAX_RATE,
  ),
);
export const inFlightTokens = v.optional(integer("Estimated tokens of all requests at once.", 1, MAX_RATE));

/** Limits of the gateway, whose `max_concurrent` has a default. */
export const gatewayRates = { rpm: requestRate, tpm: tokenRate, max_in_flight_tokens: inFlightTokens };

/** Limits of one scope: a key, a team, a model, a deployment. */
export const rates = {
  rpm: requestRate,
  tpm: tokenRate,
  max_concurrent: v.optional(integer("Requests at once.", 1, MAX_COUNT)),
  max_in_flight_tokens: inFlightTokens,
};

export const tags = listOf("Tags for the strategy `tags`.", word("A tag.", "a tag"), "tag", 0, 100);

export const budget = v.pipe(
  v.strictObject(
    {
      usd: amount("US dollars.", 0.000_001, 1_000_000_000),
      per: duration("In each window of this length, counted from midnight UTC of 1 January 1970.", "1s", "8760h"),
    },
    A_MAP,
  ),
  v.description(
    "What may be spent, by the `price` of the deployments; the strategy `budget` leaves out what has spent it.",
  ),
);

export const price = v.pipe(
  v.strictObject(
    {
      input: amount("Tokens read.", 0, 1_000_000),
      output: amount("Tokens written.", 0, 1_000_000),
    },
    A_MAP,
  ),
  v.description("US dollars per million tokens."),
);

export const breaker = v.pipe(
  v.strictObject(
    {
      consecutive: v.optional(integer("Failures in a row that open it; 5 by default.", 1, 10_000)),
      failure_share: v.optional(percent("Share of failures in the window that opens it; 50% by default.", "1%")),
      window: v.optional(duration("Time over which the share is taken; 60s by default.")),
      minimum: v.optional(integer("Requests in the window before the share counts; 10 by default.", 1, 10_000)),
      open: v.optional(
        duration(
          "How long it stays open the first time, longer with every probe that fails, up to 60s; 5s by default.",
          "1ms",
          "60s",
        ),
      ),
      slow_start: v.optional(
        duration("Over what time the traffic comes back after it closed; 10s by default, 0s for at once.", "0s", "1h"),
      ),
    },
    A_MAP,
  ),
  v.description("When a deployment that fails is left alone; a field left out is taken from the next wider level."),
);

export const healthCheck = v.nullable(
  v.pipe(
    v.strictObject(
      {
        interval: v.optional(duration("Time between two checks of a deployment, give or take some."), "30s"),
        timeout: v.optional(duration("Until one counts as failed."), "5s"),
      },
      A_MAP,
    ),
    v.description("A cheap request to every deployment now and then; null for none."),
  ),
);

const attempts = (description: string) => v.optional(integer(description, 0, 10));

const retry = v.pipe(
  v.strictObject(
    {
      connect: attempts("After a connection that did not come to be; `retries` by default."),
      timeout: attempts("After no byte in time; 1 by default, if `retries` is not 0."),
      rate_limit: attempts("After a 429; `retries` by default."),
      server: attempts("After a 5xx, a reset, a broken answer; `retries` by default."),
      auth: attempts("After a credential was refused (401, 402, 403); `retries` by default."),
      not_found: attempts("After a 404; 1 by default, if `retries` is not 0."),
      backoff: v.optional(
        v.pipe(
          v.strictObject(
            {
              base: v.optional(
                duration("The first wait is up to this, each further one up to twice as long; 250ms by default."),
              ),
              max: v.optional(duration("No wait is longer; 8s by default.")),
            },
            A_MAP,
          ),
          v.description("Random waits before going back to a deployment that failed; another one is tried at once."),
        ),
      ),
      max_retry_after: v.optional(duration("A Retry-After longer than this is not waited for; 10s by default.", "0s")),
    },
    A_MAP,
  ),
  v.description(
    "Further attempts by what went wrong, at most `retries` in all; a field left out is taken from `defaults`.",
  ),
);

export const modelName = text("A model.", "a model's name", 256);
const fallbacks = (description: string) => v.optional(listOf(description, modelName, "model", 0, 20));

/** How a model's requests are routed: what a model and `defaults` may say alike. */
export const policy = {
  strategy: v.optional(strategy),
  retries: attempts("Further attempts after a failed one, within the model's deployments; 2 by default."),
  retry: v.optional(retry),
  fallbacks: fallbacks("Models to try, in order, when this one cannot answer."),
  context_window_fallbacks: fallbacks("Models to try when the request is too long for this one."),
  content_policy_fallbacks: fallbacks("Models to try when the provider's content filter refused the request."),
  hedge: v.optional(
    v.nullable(
      v.pipe(
        v.strictObject(
          {
            after: delay("Wait for the first byte before a second attempt is sent; `p95`: as long as 95 of 100 take."),
            max_extra: v.optional(percent("Bound of the extra requests.", "0.1%"), "5%"),
          },
          A_MAP,
        ),
        v.description("A second attempt races a slow one for the first byte; null for none."),
      ),
    ),
  ),
  slow_answer: v.optional(
    v.nullable(
      v.pipe(
        v.strictObject(
          {
            min_chars_per_second: integer("Characters per second.", 1, 100_000),
            within: v.optional(
              duration("How long a stream is looked at before it goes to the caller.", "1ms", "60s"),
              "3s",
            ),
          },
          A_MAP,
        ),
        v.description(
          "A stream that begins more slowly is tried elsewhere before the caller sees any of it; null for none.",
        ),
      ),
    ),
  ),
  breaker: v.optional(breaker),
  health_check: v.optional(healthCheck),
  resume: v.optional(
    oneOf(
      "Whether a plain text that broke off in mid-stream is continued on another deployment (`text`); `off` by default: the caller gets an error.",
      ["off", "text"],
    ),
  ),
  when_all_out: v.optional(
    oneOf(
      "When every deployment is out: `refuse` (503 with Retry-After, the default), or try the `least-bad` one all the same.",
      ["refuse", "least-bad"],
    ),
  ),
};
