/**
 * The log: one line per exchange, and events in between. No body, no prompt, no secret can enter a line: fields are
 * short plain values, a Secret prints as `***`, and an exchange's line is made of an ExchangeRecord, which holds none.
 */
import type { ExchangeObserver, ExchangeRecord, LogLevel } from "../exchange.ts";
import { systemClock, type Clock } from "../lib/clock.ts";
import { exchangeAsJson, exchangeAsText, levelOfOutcome } from "./exchange-line.ts";
import { LineSink, type WriteBytes } from "./line-sink.ts";
import { bound, plainValue, quoteIfNeeded, stringifySafely, TimestampWriter, type LogFields } from "./log-text.ts";

const RANK = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<LogLevel, number>;

/** What SIGUSR2 makes of a level: the two that help, and back. */
const NEXT_LEVEL = { info: "debug", debug: "warn", warn: "info", error: "info" } as const satisfies Record<
  LogLevel,
  LogLevel
>;

/** Only for who reads text on a terminal. */
const COLOUR = { debug: "\x1b[2m", info: "\x1b[32m", warn: "\x1b[33m", error: "\x1b[31m" } as const;

export type LogOptions = {
  readonly level: LogLevel;
  readonly format: "json" | "text";
  /** Where lines go; 1 is stdout. */
  readonly fd?: number;
  /** Text format only; true when `fd` is a terminal. */
  readonly useColour?: boolean;
  readonly clock?: Clock;
  /** Text that may wait for its reader; 1 MiB by default, beyond it lines are dropped and counted. */
  readonly maxPending?: number;
  readonly write?: WriteBytes;
};

export class Log implements ExchangeObserver {
  readonly #sink: LineSink;
  readonly #clock: Clock;
  readonly #timestamps = new TimestampWriter();
  readonly #useColour: boolean;
  #level: LogLevel;
  #format: "json" | "text";

  constructor(options: LogOptions) {
    this.#level = options.level;
    this.#format = options.format;
    this.#clock = options.clock ?? systemClock;
    this.#useColour = options.useColour ?? false;
    this.#sink = new LineSink({
      fd: options.fd ?? 1,
      describeDropped: (count) => this.#formatEvent("warn", "log lines dropped", { count }),
      ...(options.maxPending === undefined ? {} : { maxPending: options.maxPending }),
      ...(options.write === undefined ? {} : { write: options.write }),
    });
  }

  get level(): LogLevel {
    return this.#level;
  }

  /** Lines nobody read in time, for `llm_log_lines_dropped_total`. */
  get dropped(): number {
    return this.#sink.dropped;
  }

  /** Whether a line of this level would be written: ask before gathering what is costly. */
  isEnabled(level: LogLevel): boolean {
    return RANK[level] >= RANK[this.#level];
  }

  debug(event: string, fields?: LogFields): void {
    this.#event("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#event("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#event("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#event("error", event, fields);
  }

  onSettled(record: ExchangeRecord): void {
    const level = levelOfOutcome(record.outcome);
    if (!this.isEnabled(level)) return;
    // When it ended, not when the line is made: records come in batches.
    const ts = this.#timestamps.write(record.startedAtMs + record.totalMs);
    if (this.#format === "json") this.#sink.push(exchangeAsJson(record, ts, level));
    else this.#sink.push(this.#textHead(ts, level) + exchangeAsText(record));
  }

  /** Changes the level for what comes and says so, whatever the level. `why` is "reload", "SIGUSR2" … */
  setLevel(level: LogLevel, why: string): void {
    if (level === this.#level) return;
    const from = this.#level;
    this.#level = level;
    this.#sink.push(this.#formatEvent("info", "log level changed", { from, to: level, why }));
  }

  /** info → debug → warn → info, for SIGUSR2. */
  cycleLevel(): void {
    this.setLevel(NEXT_LEVEL[this.#level], "SIGUSR2");
  }

  setFormat(format: "json" | "text"): void {
    this.#format = format;
  }

  /** Brings out what is pending, for `timeoutMs` at most; a stuck reader delays the end no longer. */
  close(timeoutMs: number): Promise<void> {
    return this.#sink.close(timeoutMs);
  }

  #event(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (this.isEnabled(level)) this.#sink.push(this.#formatEvent(level, event, fields));
  }

  #formatEvent(level: LogLevel, event: string, fields: LogFields): string {
    const ts = this.#timestamps.write(this.#clock.wallMs());
    if (this.#format === "json") {
      const line: Record<string, unknown> = { ts, level, msg: bound(event) };
      for (const name in fields) line[name] = plainValue(fields[name]);
      return stringifySafely(line);
    }
    // An event is our own sentence, but a caught message may stand in for one: escaped like any text.
    let line = this.#textHead(ts, level) + stringifySafely(bound(event)).slice(1, -1);
    for (const name in fields) line += `  ${name}=${quoteIfNeeded(String(plainValue(fields[name])))}`;
    return line;
  }

  #textHead(ts: string, level: LogLevel): string {
    const label = level.padEnd(5);
    return `${ts.slice(11, 23)}  ${this.#useColour ? `${COLOUR[level]}${label}\x1b[0m` : label}  `;
  }
}
