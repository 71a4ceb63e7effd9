/**
 * The one source of what a config may say: types, checks, JSON Schema and the reference page come from here.
 * Keys marked `isPlanned` are checked as strictly as the others and have no effect in this version.
 */
import * as v from "valibot";
import { keys, teams } from "./schema-callers.ts";
import { groupName, model, planned, provider, providerName, queue } from "./schema-entries.ts";
import { gatewayRates, MAX_COUNT, policy, timeouts } from "./schema-policy.ts";
import { A_MAP, duration, flag, integer, oneOf, percent, size, text } from "./values.ts";

const address = (description: string) => text(description, 'an address "host:port" such as 127.0.0.1:4000', 300);

const listen = v.pipe(
  v.strictObject(
    {
      unix: v.optional(
        v.nullable(
          v.pipe(
            v.strictObject(
              {
                path: v.optional(
                  text("Path of the socket, at most 107 bytes.", "a path", 107),
                  "/run/llmux/llmux.sock",
                ),
                mode: v.optional(
                  v.pipe(
                    v.string('a quoted octal mode such as "0660"'),
                    v.regex(/^0?[0-7]{3}$/, 'a quoted octal mode such as "0660"'),
                    v.transform((mode) => Number.parseInt(mode, 8)),
                    v.description("Permissions of the socket, quoted."),
                  ),
                  "0660",
                ),
              },
              A_MAP,
            ),
            v.description("The Unix socket; null turns it off."),
          ),
        ),
        {},
      ),
      http: v.optional(v.nullable(address("HTTP for callers; null turns it off.")), "127.0.0.1:4000"),
      ops: v.optional(v.nullable(address("Probes, metrics and status; null turns it off.")), "127.0.0.1:4001"),
    },
    A_MAP,
  ),
  v.title("listen"),
  v.description("Where LLMux listens. A change of these needs a restart; everything else is reloaded."),
);

const defaults = v.pipe(
  v.strictObject(
    {
      timeouts: v.optional(timeouts),
      ...policy,
      drop_params: v.optional(
        flag(
          "Leave out what a provider cannot express, and name it in `x-llmux-dropped`, instead of refusing the request.",
        ),
        false,
      ),
      on_disconnect: planned(oneOf("What becomes of a request whose caller left.", ["cancel", "finish"])),
    },
    A_MAP,
  ),
  v.title("defaults"),
  v.description("For every model that does not say otherwise, and for `PROVIDER/MODEL` names."),
);

const reserved = v.pipe(
  v.strictObject(
    {
      high: v.optional(percent("For `high` alone."), "0%"),
      normal: v.optional(percent("For `high` and `normal`."), "0%"),
    },
    A_MAP,
  ),
  v.description("Shares of `max_concurrent` kept for requests of a priority class and those above it."),
);

const shedding = v.pipe(
  v.strictObject(
    {
      memory: v.optional(
        v.nullable(percent("Share of the memory limit (the cgroup's, or the machine's) in use; null: never.", "1%")),
        "90%",
      ),
      loop_delay: v.optional(v.nullable(duration("How late the event loop runs; null: never.")), null),
    },
    A_MAP,
  ),
  v.description("When requests are refused before the gateway itself gives out, those of the lowest class first."),
);

const limits = v.pipe(
  v.strictObject(
    {
      max_concurrent: v.optional(integer("Requests at once in the whole gateway.", 1, MAX_COUNT), 10_000),
      queue: v.optional(v.nullable(queue), null),
      max_head_bytes: v.optional(size("Longest request head (431 beyond).", "1KiB", "1MiB"), "16KiB"),
      max_headers: v.optional(integer("Headers in a request (431 beyond).", 1, 10_000), 100),
      max_body_bytes: v.optional(size("Longest request body (413 beyond).", "1KiB", "4GiB"), "64MiB"),
      head_timeout: v.optional(duration("Time for a request's head (408 beyond)."), "10s"),
      body_timeout: v.optional(duration("Time for a request's body (408 beyond)."), "60s"),
      keep_alive_timeout: v.optional(duration("How long an idle connection of a caller stays open."), "75s"),
      max_pending_bytes: v.optional(
        size("Bytes one stream may hold for a caller that does not read.", "4KiB", "64MiB"),
        "64KiB",
      ),
      max_pending_bytes_total: v.optional(
        size("The same over all streams; beyond it the slowest caller is cut off.", "64KiB", "4GiB"),
        "64MiB",
      ),
      max_buffered_bytes: v.optional(
        size("Bytes of request bodies held at once, over all callers: beyond it 503.", "1MiB", "64GiB"),
        "256MiB",
      ),
      max_connections: v.optional(integer("Connections of callers at once.", 1, MAX_COUNT), 20_000),
      ...gatewayRates,
      reserved: v.optional(reserved, {}),
      shedding: v.optional(shedding, {}),
    },
    A_MAP,
  ),
  v.title("limits"),
  v.description("Bounds of the gateway itself."),
);

const pool = v.pipe(
  v.strictObject(
    {
      max_idle: v.optional(integer("Idle connections kept per provider.", 0, 100_000), 64),
      idle_timeout: v.optional(duration("How long one is kept."), "55s"),
    },
    A_MAP,
  ),
  v.title("pool"),
  v.description("Connections towards providers."),
);

const responses = v.pipe(
  v.strictObject(
    {
      file: v.optional(
        text(
          "Path of an SQLite file that keeps them over a restart; by default they are kept in memory.",
          "a path",
          4_096,
        ),
      ),
      max_entries: v.optional(integer("Responses kept; the least recently used go first.", 0, MAX_COUNT), 10_000),
      max_bytes: v.optional(size("Their size.", "0B", "64GiB"), "32MiB"),
      days: v.optional(integer("How long one is kept.", 1, 3_650), 30),
    },
    A_MAP,
  ),
  v.title("responses"),
  v.description(
    "Responses kept for callers of `/v1/responses` whose provider keeps none itself. A change needs a restart.",
  ),
);

const drain = v.pipe(
  v.strictObject(
    {
      delay: v.optional(duration("How long new connections are still taken after SIGTERM.", "0s"), "0s"),
      timeout: v.optional(duration("How long requests in flight may take to finish.", "0s"), "60s"),
    },
    A_MAP,
  ),
  v.title("drain"),
  v.description("How the process ends on SIGTERM."),
);

const log = v.pipe(
  v.strictObject(
    {
      level: v.optional(oneOf("Least important line that is written.", ["debug", "info", "warn", "error"]), "info"),
      format: v.optional(oneOf("Form of a line.", ["json", "text"]), "json"),
    },
    A_MAP,
  ),
  v.title("log"),
  v.description("What is written to standard output."),
);

/** A whole config file. Every section may be left out or empty, but for `keys`: who writes it expects callers to be refused. */
export const configSchema = v.pipe(
  v.strictObject(
    {
      listen: v.nullish(listen, {}),
      providers: v.nullish(
        v.pipe(
          v.record(providerName, v.nullish(provider, {}), A_MAP),
          v.maxEntries(1_000, "at most 1000 providers"),
          v.title("providers"),
          v.description(
            "Places that serve models, by a name of your choice; a known id as the name brings dialect, URL and header with it.",
          ),
        ),
        {},
      ),
      models: v.nullish(
        v.pipe(
          v.record(groupName, model, A_MAP),
          v.maxEntries(5_000, "at most 5000 models"),
          v.title("models"),
          v.description("Public model names. Beside them every `PROVIDER/MODEL` can be called."),
        ),
        {},
      ),
      keys: v.optional(keys),
      teams: v.nullish(teams, {}),
      defaults: v.nullish(defaults, {}),
      limits: v.nullish(limits, {}),
      pool: v.nullish(pool, {}),
      stream_usage: v.optional(
        flag(
          "Ask the provider for usage in streams whose caller did not, and withhold the extra event from the caller.",
        ),
        true,
      ),
      responses: v.nullish(responses, {}),
      drain: v.nullish(drain, {}),
      log: v.nullish(log, {}),
    },
    "a map of sections such as providers and models",
  ),
  v.title("LLMux configuration"),
);

export type Config = v.InferOutput<typeof configSchema>;
export type ProviderEntry = NonNullable<Config["providers"][string]>;
export type ModelEntry = Config["models"][string];
export type DeploymentEntry = ModelEntry["deployments"][number];
export type KeyEntry = NonNullable<Config["keys"]>[number];
export type DefaultsEntry = NonNullable<Config["defaults"]>;
export type TimeoutsEntry = NonNullable<ModelEntry["timeouts"]>;
