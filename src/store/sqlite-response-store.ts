import { Database } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { itemIdsOf, type ResponseStore, type ResponseStoreBounds, type StoredResponse } from "./response-store.ts";

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 2000;
  CREATE TABLE IF NOT EXISTS responses (
    id TEXT PRIMARY KEY,
    caller TEXT NOT NULL,
    entry BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    used INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS responses_used ON responses (used);
  CREATE INDEX IF NOT EXISTS responses_expiry ON responses (expires_at_ms);
  CREATE TABLE IF NOT EXISTS response_items (
    caller TEXT NOT NULL,
    item_id TEXT NOT NULL,
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    PRIMARY KEY (caller, item_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS response_items_response ON response_items (response_id);
  PRAGMA foreign_keys = ON;
`;

/** Entries removed at once: a put never becomes a long pause. */
const MAX_EXPIRED_PER_PUT = 256;

type Row = { readonly caller: string; readonly entry: Uint8Array; readonly expires_at_ms: number };
type Totals = { readonly entries: number; readonly bytes: number; readonly used: number };

/**
 * Responses in an SQLite file: they outlive the process. Opened (and created, readable for its owner alone) when it is first needed.
 * One process writes to a file; its totals are counted once, at opening.
 */
export class SqliteResponseStore implements ResponseStore {
  readonly #path: string;
  readonly #bounds: ResponseStoreBounds;
  readonly #nowMs: () => number;
  #database: Database | null = null;
  #entries = 0;
  #bytes = 0;
  /** Counts up with every use: finer than a clock, and it never goes back. */
  #used = 0;

  /** `nowMs`: milliseconds since 1970. */
  constructor(path: string, bounds: ResponseStoreBounds, nowMs: () => number) {
    this.#path = path;
    this.#bounds = bounds;
    this.#nowMs = nowMs;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  put(entry: StoredResponse): void {
    const database = this.#open();
    const json = Buffer.from(JSON.stringify(entry), "utf8");
    if (json.length > this.#bounds.maxBytes || this.#bounds.maxEntries < 1) {
      this.delete(entry.id, entry.caller);
      return;
    }
    const putWhole = database.transaction(() => {
      const before = database
        .query<{ caller: string }, [string]>("SELECT caller FROM responses WHERE id = ?")
        .get(entry.id);
      if (before !== null && before.caller !== entry.caller) return;
      this.#removeExpired(database);
      this.#remove(database, entry.id);
      database
        .query("INSERT INTO responses (id, caller, entry, bytes, used, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)")
        .run(entry.id, entry.caller, json, json.length, ++this.#used, this.#nowMs() + this.#bounds.ttlMs);
      this.#entries++;
      this.#bytes += json.length;
      const item = database.query(
        "INSERT OR REPLACE INTO response_items (caller, item_id, response_id) VALUES (?, ?, ?)",
      );
      for (const itemId of itemIdsOf(entry)) item.run(entry.caller, itemId, entry.id);
      this.#evict(database);
    });
    try {
      putWhole();
    } catch (error) {
      // Rolled back (a full disk, a lock held too long): the totals are counted anew at the next opening.
      this.close();
      throw error;
    }
  }

  get(id: string, caller: string): StoredResponse | null {
    const database = this.#open();
    const row = database
      .query<Row, [string]>("SELECT caller, entry, expires_at_ms FROM responses WHERE id = ?")
      .get(id);
    if (row === null || row.caller !== caller || row.expires_at_ms <= this.#nowMs()) return null;
    database.query("UPDATE responses SET used = ? WHERE id = ?").run(++this.#used, id);
    return JSON.parse(Buffer.from(row.entry).toString("utf8")) as StoredResponse;
  }

  delete(id: string, caller: string): boolean {
    if (this.get(id, caller) === null) return false;
    this.#remove(this.#open(), id);
    return true;
  }

  findItem(itemId: string, caller: string): string | null {
    const row = this.#open()
      .query<{ id: string }, [string, string, number]>(
        `SELECT responses.id AS id FROM response_items JOIN responses ON responses.id = response_items.response_id
         WHERE response_items.caller = ? AND item_id = ? AND expires_at_ms > ?`,
      )
      .get(caller, itemId, this.#nowMs());
    return row?.id ?? null;
  }

  close(): void {
    this.#database?.close();
    this.#database = null;
  }

  #open(): Database {
    if (this.#database !== null) return this.#database;
    // SQLite gives its side files the mode of the main one, so that it has to exist with the right one.
    if (this.#path !== ":memory:") closeSync(openSync(this.#path, "a", 0o600));
    const database = new Database(this.#path, { create: true, strict: true });
    try {
      database.exec(SCHEMA);
      const totals = database
        .query<Totals, []>(
          "SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes, coalesce(max(used), 0) AS used FROM responses",
        )
        .get();
      this.#entries = totals?.entries ?? 0;
      this.#bytes = totals?.bytes ?? 0;
      this.#used = totals?.used ?? 0;
    } catch (error) {
      // Not a database, or not one of ours: the next use tries again, and says the same.
      database.close();
      throw error;
    }
    this.#database = database;
    return database;
  }

  #removeExpired(database: Database): void {
    const rows = database
      .query<{ id: string }, [number]>(`SELECT id FROM responses WHERE expires_at_ms <= ? LIMIT ${MAX_EXPIRED_PER_PUT}`)
      .all(this.#nowMs());
    for (const { id } of rows) this.#remove(database, id);
  }

  #evict(database: Database): void {
    while (this.#entries > this.#bounds.maxEntries || this.#bytes > this.#bounds.maxBytes) {
      const oldest = database.query<{ id: string }, []>("SELECT id FROM responses ORDER BY used LIMIT 1").get();
      if (oldest === null) return;
      this.#remove(database, oldest.id);
    }
  }

  #remove(database: Database, id: string): void {
    const row = database
      .query<{ bytes: number }, [string]>("DELETE FROM responses WHERE id = ? RETURNING bytes")
      .get(id);
    if (row === null) return;
    this.#entries--;
    this.#bytes -= row.bytes;
  }
}
