/** The schema of `providers`, `models` and `keys`, and the pieces they share with the other sections. */
import * as v from "valibot";
import { duration, flag, integer, marks, percent, text, textOrFile, word } from "./values.ts";

export const A_MAP = "a map";
export const A_LIST = "a list";
export const MAX_COUNT = 1_000_000;
export const MAX_RATE = 1_000_000_000_000;

/** Marks a key as understood but without effect in this version. */
export function planned<Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(v.pipe(schema, marks({ isPlanned: true })));
}

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
      queue: v.optional(v.nullable(queue)),
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

const tags = planned(
  v.pipe(
    v.array(word("A tag.", "a tag"), A_LIST),
    v.maxLength(100, "at most 100 tags"),
    v.description("Tags for routing."),
  ),
);
const rate = (description: string) => planned(integer(description, 1, MAX_RATE));
export const strategy = planned(word("How a deployment is chosen.", "the name of a strategy such as simple-shuffle"));
export const retries = planned(integer("Further attempts after a failed one.", 0, 10));

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
      weight: planned(integer("Share of the traffic.", 0, 1_000)),
      tpm: rate("Tokens per minute."),
      rpm: rate("Requests per minute."),
      tags,
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
        v.description("Where the model is served; the first is used in this version."),
      ),
      timeouts: v.optional(timeouts),
      strategy,
      retries,
      fallbacks: planned(
        v.pipe(
          v.array(text("A model.", "a model's name", 256), A_LIST),
          v.maxLength(20, "at most 20 models"),
          v.description("Models to try when this one cannot answer."),
        ),
      ),
      context_window_fallbacks: planned(
        v.pipe(
          v.array(text("A model.", "a model's name", 256), A_LIST),
          v.maxLength(20, "at most 20 models"),
          v.description("Models to try when the request is too long for this one."),
        ),
      ),
      hedge: planned(
        v.pipe(
          v.strictObject(
            {
              after: duration("Wait before a second attempt is sent."),
              max_extra: v.optional(percent("Bound of the extra requests."), "5%"),
            },
            A_MAP,
          ),
          v.description("A second attempt beside a slow one."),
        ),
      ),
      breaker: planned(
        v.pipe(
          v.strictObject(
            {
              consecutive: v.optional(integer("Failures in a row that open it.", 1, 10_000), 5),
              failure_share: v.optional(percent("Share of failures that opens it."), "50%"),
              window: v.optional(duration("Time over which the share is taken."), "60s"),
              minimum: v.optional(integer("Requests in the window before the share counts.", 1, 10_000), 10),
              open: v.optional(duration("How long it stays open."), "30s"),
            },
            A_MAP,
          ),
          v.description("When a deployment is left alone."),
        ),
      ),
    },
    A_MAP,
  ),
  v.description("The name callers ask for. `*` as the last character matches any rest of a name."),
);

export const key = v.strictObject(
  {
    name: word("Name of the caller.", "a name"),
    sha256: v.pipe(
      v.string("64 hexadecimal digits"),
      v.regex(/^[0-9a-fA-F]{64}$/, "64 hexadecimal digits"),
      v.description("SHA-256 of the key."),
      marks({ isSecret: true }),
    ),
    models: v.optional(
      v.pipe(v.array(text("A model.", "a model's name", 256), A_LIST), v.description("Models it may call.")),
    ),
    rpm: v.optional(integer("Requests per minute.", 1, MAX_RATE)),
    tpm: v.optional(integer("Tokens per minute.", 1, MAX_RATE)),
    max_concurrent: v.optional(integer("Requests at once.", 1, MAX_COUNT)),
    team: v.optional(word("The team it belongs to.", "a team")),
    tags: v.optional(v.pipe(v.array(word("A tag.", "a tag"), A_LIST), v.description("Tags for routing."))),
  },
  A_MAP,
);

export const providerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "a name of letters, digits, dots, dashes and underscores (64 at most)"),
);
