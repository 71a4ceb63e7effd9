/**
 * Who sends a request, by the key it brings, and what that key may do.
 *
 * Keys are stored as SHA-256 alone. They are random, so a plain hash is enough: nothing can be guessed and tried. The hash of what
 * came is looked up and then compared in constant time; a lookup that ends early tells about hashes, which nobody can choose.
 * Hashing costs 0.2 µs (Bun.SHA256, a key of 50 characters), so nothing is cached and no key outlives its request.
 */
import { KEY_PROTOCOL } from "../lib/key-protocol.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { type Key, PRIORITIES, type Priority } from "../policy.ts";

/** What of a request's head is looked at. */
export type CredentialHead = {
  /** With its question mark; "" when there is none. */
  readonly query: string;
  readonly headers: { get(lowerName: string): string | null };
};

/** RFC 9110 section 15.5.2: a 401 names a way to authenticate. */
export const CHALLENGE = 'Bearer realm="llmux"';

const ANONYMOUS: Caller = { name: "anonymous", key: null };
/** Keys are tens of characters; what is longer is none, and is not hashed. */
const MAX_KEY_CHARS = 512;
/** Of shorter ones the last characters would tell too much. */
const MIN_SHOWN_CHARS = 20;
const PRINTABLE = /^[\x21-\x7e]+$/;
const BEARER = "bearer ";
/** Besides `authorization`: Anthropic, Azure, Google. */
const KEY_FIELDS = ["x-api-key", "api-key", "x-goog-api-key"] as const;

/** What follows from a key, worked out once. */
type Rights = {
  readonly caller: Caller;
  /** null: all models. */
  readonly names: ReadonlySet<string> | null;
  /** Beginnings, of names that end in `*`. */
  readonly prefixes: readonly string[];
};

const rightsOfKey = new WeakMap<Key, Rights>();

/**
 * The caller of a request. A client may bring several credentials (an SDK sends its own beside the one that was set): the first that
 * is known counts, in a fixed order. Throws GatewayError `unauthorized` where keys are configured and none of them came.
 */
export function authenticate(head: CredentialHead, keys: ReadonlyMap<string, Key>): Caller {
  if (keys.size === 0) return ANONYMOUS;
  const { headers, query } = head;
  let given = readBearer(headers.get("authorization"));
  let found = findKey(given, keys);
  for (let index = 0; found === null && index < KEY_FIELDS.length; index++) {
    const value = headers.get(KEY_FIELDS[index] as string);
    found = findKey(value, keys);
    given ??= value;
  }
  if (found === null) {
    const value = readProtocolKey(headers.get("sec-websocket-protocol"));
    found = findKey(value, keys);
    given ??= value;
  }
  if (found === null && query !== "") {
    const value = readQueryKey(query);
    found = findKey(value, keys);
    given ??= value;
  }
  if (found === null) throw refusal(given);
  return rightsOf(found).caller;
}

/** Whether a key is for a model, by the name the caller gave it. Without keys everything is. */
export function mayCall(key: Key | null, model: string): boolean {
  if (key === null) return true;
  const { names, prefixes } = rightsOf(key);
  if (names === null || names.has(model)) return true;
  for (const prefix of prefixes) if (model.startsWith(prefix)) return true;
  return false;
}

/**
 * The class of a request, from `x-llmux-priority`: normal where it says nothing, never above what its key may ask for. Throws
 * GatewayError `invalid_request` for another word: taken for normal, a typo would be found out under load.
 */
export function priorityOf(header: string | null, key: Key | null): Priority {
  const asked = header === null ? "normal" : readPriority(header);
  if (key === null) return asked;
  return PRIORITIES.indexOf(asked) < PRIORITIES.indexOf(key.maxPriority) ? key.maxPriority : asked;
}

function readPriority(header: string): Priority {
  const word = header.trim().toLowerCase();
  for (const priority of PRIORITIES) if (word === priority) return priority;
  throw new GatewayError(
    "invalid_request",
    `x-llmux-priority should be ${PRIORITIES.join(", ")}, got ${quote(header)}.`,
    {
      param: "x-llmux-priority",
    },
  );
}

function rightsOf(key: Key): Rights {
  let rights = rightsOfKey.get(key);
  if (rights === undefined) {
    const { models } = key;
    rights = {
      caller: { name: key.name, key },
      names: models === null ? null : new Set(models),
      prefixes: models?.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1)) ?? [],
    };
    rightsOfKey.set(key, rights);
  }
  return rights;
}

/** RFC 6750 section 2.1; a scheme's letter case does not matter (RFC 9110 section 11.1). */
function readBearer(authorization: string | null): string | null {
  if (authorization === null || authorization.length <= BEARER.length) return null;
  if (authorization.slice(0, BEARER.length).toLowerCase() !== BEARER) return null;
  return authorization.slice(BEARER.length).trim();
}

function readProtocolKey(protocols: string | null): string | null {
  const start = protocols?.indexOf(KEY_PROTOCOL) ?? -1;
  if (protocols === null || start === -1) return null;
  const end = protocols.indexOf(",", start);
  return protocols.slice(start + KEY_PROTOCOL.length, end === -1 ? protocols.length : end).trim();
}

/** Google's `?key=`. */
function readQueryKey(query: string): string | null {
  const start = query.startsWith("key=", 1) ? 1 : query.indexOf("&key=") + 1;
  if (start === 0) return null;
  const end = query.indexOf("&", start);
  const value = query.slice(start + "key=".length, end === -1 ? query.length : end);
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // percent-encoded bytes that are no UTF-8: no key of ours
    return value;
  }
}

function findKey(given: string | null, keys: ReadonlyMap<string, Key>): Key | null {
  if (given === null || given === "" || given.length > MAX_KEY_CHARS) return null;
  const digest = Bun.SHA256.hash(given, "hex");
  const key = keys.get(digest);
  return key !== undefined && isSameDigest(key.sha256, digest) ? key : null;
}

/** Takes as long wherever two digests differ. */
function isSameDigest(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let index = 0; index < one.length; index++) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}

/** In OpenAI's words, which its users know; of a key no more than they show themselves, of a short one nothing. */
function refusal(given: string | null): GatewayError {
  const message =
    given === null || given === ""
      ? "You didn't provide an API key. Send one that this gateway gave out, as Authorization: Bearer YOUR_KEY."
      : `Incorrect API key provided${shown(given)}. This gateway does not know it: ask who runs it for a key.`;
  return new GatewayError("unauthorized", message, { detail: "invalid_api_key" });
}

function shown(given: string): string {
  if (given.length < MIN_SHOWN_CHARS || given.length > MAX_KEY_CHARS || !PRINTABLE.test(given)) return "";
  return `: ${given.startsWith("sk-") ? "sk-" : ""}…${given.slice(-4)}`;
}

function quote(header: string): string {
  return JSON.stringify(header.slice(0, 40));
}
