import type { Deployment, Snapshot, Usage } from "../exchange.ts";
import type { Budget, Price } from "../policy.ts";

/** Sums are kept in whole nano-dollars (10^-9): exact up to nine million dollars a window, where they stop growing. */
const NANO_PER_DOLLAR = 1e9;
/** A price of $1 per million tokens is 10^6 pico-dollars (10^-12) a token: prices of up to six decimals are whole numbers of them. */
const PICO_PER_PRICE = 1e6;
const PICO_PER_NANO = 1e3;

/** What one provider or deployment spent in one window. */
type Account = { windowMs: number; window: number; nanoDollars: number };

/**
 * What an answer cost, in whole nano-dollars, rounded up; null where its provider reported no tokens. Cached tokens count as any
 * input: a price list that knows better is not this one.
 */
export function costOf({ inputTokens, outputTokens }: Usage, price: Price): number | null {
  if (inputTokens === null && outputTokens === null) return null;
  const input = countOf(inputTokens) * Math.round(price.input * PICO_PER_PRICE);
  const output = countOf(outputTokens) * Math.round(price.output * PICO_PER_PRICE);
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil((input + output) / PICO_PER_NANO));
}

/**
 * What providers and deployments have spent of their budgets in the current window (whole windows since 1970, UTC). Kept by name
 * across reloads, in memory: a restart begins at nothing. A budget is overshot by at most what is in flight when it is reached.
 */
export class Spend {
  readonly #accounts = new Map<string, Account>();

  /** Names with something spent. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Counts a cost against a budget. `name`: `providerAccount` or `deploymentAccount`. */
  add(name: string, budget: Budget, nanoDollars: number, wallNowMs: number): void {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = { windowMs: budget.windowMs, window: windowOf(budget, wallNowMs), nanoDollars: 0 };
      this.#accounts.set(name, account);
    } else turn(account, budget, wallNowMs);
    account.nanoDollars = Math.min(Number.MAX_SAFE_INTEGER, account.nanoDollars + nanoDollars);
  }

  /** Whether a budget is spent. */
  isOver(name: string, budget: Budget, wallNowMs: number): boolean {
    const limit = Math.min(Number.MAX_SAFE_INTEGER, budget.usd * NANO_PER_DOLLAR);
    const account = this.#accounts.get(name);
    if (account === undefined) return limit <= 0;
    turn(account, budget, wallNowMs);
    return account.nanoDollars >= limit;
  }

  /** Dollars spent in the current window, for people to read. */
  spentUsd(name: string, budget: Budget, wallNowMs: number): number {
    const account = this.#accounts.get(name);
    if (account === undefined) return 0;
    turn(account, budget, wallNowMs);
    return account.nanoDollars / NANO_PER_DOLLAR;
  }

  /** A new config: who has no budget any more is forgotten; another amount or window counts from now on. */
  reconfigure(snapshot: Snapshot): void {
    const kept = new Set<string>();
    for (const { name, budget } of snapshot.providers.values()) if (budget !== null) kept.add(providerAccount(name));
    for (const groups of [snapshot.models, snapshot.implicitGroups]) {
      for (const { deployments } of groups.values()) {
        for (const deployment of deployments) if (deployment.budget !== null) kept.add(deploymentAccount(deployment));
      }
    }
    for (const name of this.#accounts.keys()) if (!kept.has(name)) this.#accounts.delete(name);
  }
}

export function providerAccount(name: string): string {
  return `provider/${name}`;
}

export function deploymentAccount({ id }: Pick<Deployment, "id">): string {
  return `deployment/${id}`;
}

/**
 * Into the window that it is now. A wall clock that is set back a little over the border leaves what was spent where it is; one that
 * was wrong by more starts anew, so that no account waits years for its window. Where the windows' length changed, what was spent
 * in the last one counts in the new.
 */
function turn(account: Account, budget: Budget, wallNowMs: number): void {
  const window = windowOf(budget, wallNowMs);
  if (account.windowMs !== budget.windowMs) {
    account.windowMs = budget.windowMs;
    account.window = window;
    return;
  }
  if (window === account.window || window === account.window - 1) return;
  account.window = window;
  account.nanoDollars = 0;
}

function windowOf({ windowMs }: Budget, wallNowMs: number): number {
  return Math.floor(wallNowMs / windowMs);
}

/** A provider's number of tokens, as far as it is one. */
function countOf(tokens: number | null): number {
  return tokens !== null && tokens > 0 && Number.isFinite(tokens) ? tokens : 0;
}
