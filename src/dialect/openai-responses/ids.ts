import { randomBytes } from "node:crypto";

/**
 * Ids of one response that another dialect's answer becomes, and of its items. The caller's request id is no ground for them: a
 * caller may choose it, and may choose the same one twice.
 */
export class ResponseIds {
  readonly #base = randomBytes(20).toString("hex");
  #items = 0;

  get response(): string {
    return `resp_${this.#base}`;
  }

  /** "msg_…", "rs_…", "fc_…": unique in the response, as long as the API's own. */
  next(prefix: string): string {
    return `${prefix}_${this.#base}${(this.#items++).toString(16).padStart(8, "0")}`;
  }
}
