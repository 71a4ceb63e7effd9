/** Makes hostile JSON of good JSON: a few changes at places drawn by lot. */
import type { Json } from "../../../src/lib/json.ts";
import type { Random } from "../../instruments/random.ts";
import { INHERITED, NASTY, NASTY_NUMBERS, NASTY_STRINGS, nested } from "./nasty.ts";

/** What is put in beside nasty values: words of the API, and pieces of other good values. */
export type Material = { readonly words: readonly string[]; readonly pieces: readonly Json[] };

type Holder = { [key: string]: Json };
/** A place in a value: a member of an object or an element of an array. */
type Place = { readonly holder: Holder; readonly key: string };

/** Where a value stands that has no other place: its own root. */
const ROOT = "root";

/** `value` with 1 to 6 changes. The original stays as it is. */
export function mutate(value: Json, random: Random, material: Material): Json {
  const root: Holder = { [ROOT]: copy(value) };
  const changes = random.pick([1, 1, 1, 2, 2, 3, 4, 6]);
  for (let change = 0; change < changes; change += 1) mutateOnce(root, random, material);
  return root[ROOT] as Json;
}

function mutateOnce(root: Holder, random: Random, material: Material): void {
  const places = placesOf(root);
  const place = random.pick(places);
  const { holder, key } = place;
  const value = holder[key] as Json;
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      put(holder, key, copy(random.pick(NASTY)));
      return;
    case 3:
      put(holder, key, copy(random.pick(material.pieces)));
      return;
    case 4:
      put(holder, key, random.pick(material.words));
      return;
    case 5:
    case 6:
      remove(place, root);
      return;
    case 7:
      addMember(value, random, material);
      return;
    case 8:
      rename(place, random, material);
      return;
    case 9:
      shuffle(value, random);
      return;
    case 10: {
      const other = random.pick(places);
      put(other.holder, other.key, copy(value));
      return;
    }
    case 11:
      put(holder, key, random.chance(0.5) ? [value] : { [random.pick(material.words)]: value });
      return;
    case 12:
      if (typeof value === "object" && value !== null) {
        const inner = Object.values(value as Holder);
        if (inner.length > 0) put(holder, key, random.pick(inner));
      } else put(holder, key, mutateScalar(value, random));
      return;
    case 13:
      put(holder, key, nested(random.pick([1, 3, 20, 90]), random.chance(0.5), copy(value)));
      return;
    case 14:
      repeat(value, random);
      return;
    default:
      put(holder, key, mutateScalar(value, random));
  }
}

function mutateScalar(value: Json, random: Random): Json {
  if (typeof value === "number") return random.chance(0.5) ? random.pick(NASTY_NUMBERS) : String(value);
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") return copy(random.pick(NASTY));
  const at = random.below(value.length + 1);
  switch (random.below(6)) {
    case 0:
      return value.slice(0, at);
    case 1:
      return value.slice(at);
    case 2:
      return value.slice(0, at) + random.pick(NASTY_STRINGS) + value.slice(at);
    case 3:
      return value.toUpperCase();
    case 4:
      return value.repeat(random.pick([2, 3, 40])).slice(0, 4_000);
    default:
      return random.pick(NASTY_STRINGS);
  }
}

function addMember(value: Json, random: Random, material: Material): void {
  const name = random.chance(0.15) ? random.pick(INHERITED) : random.pick(material.words);
  const added = random.chance(0.5) ? copy(random.pick(NASTY)) : copy(random.pick(material.pieces));
  if (Array.isArray(value)) (value as Json[]).splice(random.below(value.length + 1), 0, added);
  else if (typeof value === "object" && value !== null) put(value as Holder, name, added);
}

function rename({ holder, key }: Place, random: Random, material: Material): void {
  if (Array.isArray(holder) || key === ROOT) return;
  const value = holder[key] as Json;
  delete holder[key];
  put(holder, random.chance(0.2) ? random.pick(INHERITED) : random.pick(material.words), value);
}

function remove({ holder, key }: Place, root: Holder): void {
  if (holder === root) return;
  if (Array.isArray(holder)) (holder as unknown as Json[]).splice(Number(key), 1);
  else delete holder[key];
}

function shuffle(value: Json, random: Random): void {
  if (!Array.isArray(value)) return;
  const list = value as Json[];
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [list[at], list[other]] = [list[other] as Json, list[at] as Json];
  }
}

/** Elements again and again: doubled ids, calls without results, lists longer than any API allows. */
function repeat(value: Json, random: Random): void {
  if (!Array.isArray(value) || value.length === 0) return;
  const list = value as Json[];
  const times = random.pick([1, 2, 30, 150]);
  for (let time = 0; time < times && list.length < 200; time += 1) list.push(copy(random.pick(list)));
}

/** Every place below `holder`; bounded, because a mutation may have made a value large. */
function placesOf(holder: Holder): Place[] {
  const places: Place[] = [];
  const waiting: Holder[] = [holder];
  while (waiting.length > 0 && places.length < 4_000) {
    const next = waiting.pop() as Holder;
    for (const key of Object.keys(next)) {
      places.push({ holder: next, key });
      const value = next[key];
      if (typeof value === "object" && value !== null) waiting.push(value as Holder);
    }
  }
  return places;
}

/** Sets a member of its own, whatever its name is. */
function put(holder: Holder, key: string, value: Json): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function copy(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => copy(each as Json));
  const copied: Holder = {};
  for (const key of Object.keys(value)) put(copied, key, copy((value as Holder)[key] as Json));
  return copied;
}

const HUGE = "\u0001huge\u0001";
const TINY = "\u0001tiny\u0001";
const MINUS_ZERO = "\u0001zero\u0001";

/** JSON as a client would send it: numbers beyond all bounds as 1e400, and -0. */
export function writeJson(value: Json): string {
  const text = JSON.stringify(value, (_key, each: unknown) => {
    if (each === Number.POSITIVE_INFINITY) return HUGE;
    if (each === Number.NEGATIVE_INFINITY) return TINY;
    return Object.is(each, -0) ? MINUS_ZERO : each;
  });
  return text
    .replaceAll('"\\u0001huge\\u0001"', "1e400")
    .replaceAll('"\\u0001tiny\\u0001"', "-1e400")
    .replaceAll('"\\u0001zero\\u0001"', "-0");
}
