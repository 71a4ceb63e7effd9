/**
 * A table that is looked up with words from outside: its entries and nothing else. An ordinary object also answers to what every
 * object inherits, and a provider that calls its error "constructor" would get a function for a code.
 */
export function tableOf<T extends object>(entries: T): T {
  return Object.setPrototypeOf(entries, null) as T;
}
