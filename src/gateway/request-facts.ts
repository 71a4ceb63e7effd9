import { certainlyExceeds, readTokenHints, TOKENS_PER_IMAGE } from "../account/estimate-tokens.ts";
import { tagsOf } from "../auth/request-tags.ts";
import type { TokenRatios } from "../account/token-ratio.ts";
import type { Caller } from "../exchange.ts";
import { asObject, asString, type JsonObject, parseObject } from "../lib/json.ts";
import type { Priority } from "../policy.ts";
import type { Facts } from "../route/facts.ts";
import type { RequestHead } from "../wire/request-head.ts";

const NOTHING: JsonObject = {};
const NO_TAGS: readonly string[] = [];
/** Members of the dialects' requests in which a prompt begins, in the order in which providers read them. */
const PROMPT_MEMBERS = [
  "system",
  "systemInstruction",
  "instructions",
  "tools",
  "messages",
  "input",
  "contents",
  "prompt",
] as const;

type TokenHints = ReturnType<typeof readTokenHints>;

/** What routing and admission ask of one request; its body is read only when somebody asks. */
export class RequestFacts implements Facts {
  readonly model: string;
  readonly endpoint: string;
  /** The caller's. */
  readonly dialect: string;
  readonly isStream: boolean;
  readonly priority: Priority;
  /** The model group's name: what is learnt of its tokens hangs on it. */
  readonly group: string;
  readonly #caller: Caller;
  readonly #head: RequestHead;
  readonly #body: Buffer | null;
  readonly #ratios: TokenRatios;
  #hints: TokenHints | null = null;
  #json: JsonObject | null = null;
  #tags: readonly string[] | null = null;

  constructor(options: {
    model: string;
    endpoint: string;
    dialect: string;
    isStream: boolean;
    priority: Priority;
    group: string;
    caller: Caller;
    head: RequestHead;
    body: Buffer | null;
    ratios: TokenRatios;
  }) {
    this.model = options.model;
    this.endpoint = options.endpoint;
    this.dialect = options.dialect;
    this.isStream = options.isStream;
    this.priority = options.priority;
    this.group = options.group;
    this.#caller = options.caller;
    this.#head = options.head;
    this.#body = options.body;
    this.#ratios = options.ratios;
  }

  /** From `x-llmux-tags`, the body's `metadata.tags`, and the key. */
  get tags(): readonly string[] {
    this.#tags ??= tagsOf(this.header("x-llmux-tags"), this.#caller.key, this.metadata["tags"]);
    return this.#tags;
  }

  get keyTags(): readonly string[] {
    return this.#caller.key?.tags ?? NO_TAGS;
  }

  get caller(): string {
    return this.#caller.name;
  }

  get team(): string | null {
    return this.#caller.key?.team ?? null;
  }

  /** Size of what was asked, for estimates; null where nobody has asked for it yet. */
  get seenHints(): TokenHints | null {
    return this.#hints;
  }

  get inputTokens(): number {
    const hints = this.hints;
    return hints === null
      ? 0
      : this.#ratios.estimateInput(this.group, hints.promptBytes) + hints.images * TOKENS_PER_IMAGE;
  }

  get outputTokens(): number {
    const hints = this.hints;
    return hints === null ? 0 : this.#ratios.estimateOutput(this.group, hints.maxOutput);
  }

  /** What it may use: its prompt and the longest answer. */
  get tokens(): number {
    return this.inputTokens + this.outputTokens;
  }

  get hints(): TokenHints | null {
    if (this.#body === null) return null;
    this.#hints ??= readTokenHints(this.#body);
    return this.#hints;
  }

  /** Whether the prompt is longer than a context window beyond doubt. */
  certainlyExceeds(contextWindow: number): boolean {
    const { hints } = this;
    return hints !== null && certainlyExceeds(hints.promptBytes, hints.images, contextWindow);
  }

  header(name: string): string | null {
    return this.#head.headers.get(name);
  }

  get metadata(): JsonObject {
    return asObject(this.#read()["metadata"]) ?? NOTHING;
  }

  get user(): string | null {
    const body = this.#read();
    return asString(body["user"]) ?? asString(body["safety_identifier"]) ?? asString(this.metadata["user_id"]);
  }

  promptPrefix(bytes: number): string | null {
    if (this.#body === null) return null;
    const body = this.#read();
    let text = "";
    for (const member of PROMPT_MEMBERS) {
      const value = body[member];
      if (value === undefined) continue;
      text += typeof value === "string" ? value : JSON.stringify(value);
      if (text.length >= bytes) break;
    }
    return text === "" ? null : text.slice(0, bytes);
  }

  #read(): JsonObject {
    this.#json ??= (this.#body === null ? null : parseObject(this.#body.toString("utf8"))) ?? NOTHING;
    return this.#json;
  }
}
