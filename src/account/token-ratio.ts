/** What one model's requests were like so far. */
type Learnt = {
  /** Tokens per byte of the prompt: what is averaged, because it is what estimates are made with. */
  tokensPerByte: number;
  /** Sum of the weights behind it, up to MAX_WEIGHT: the first answers count most, later ones move it slowly. */
  weight: number;
  outputTokens: number;
  outputWeight: number;
  /** Mean of |estimate − truth| / truth over the last answers; null before the first. */
  error: number | null;
};

/** Until something is learnt: English text of the common tokenizers (https://platform.openai.com/tokenizer: "~4 characters"). */
const DEFAULT_BYTES_PER_TOKEN = 4;
/** An answer of common length, until something is learnt. */
const DEFAULT_OUTPUT_TOKENS = 500;
/**
 * Outside of these bounds an observation says more of something else (hidden prompts, cached files, a text of blanks) than of the
 * tokenizer. A byte is at most a token; text written in escapes (\u0434) has up to 25 bytes in one (Russian, o200k_base).
 */
const MIN_BYTES_PER_TOKEN = 1;
const MAX_BYTES_PER_TOKEN = 32;
/** Smaller prompts are mostly the JSON around them: they count for their size. Larger ones count as one, whatever their size. */
const FULL_WEIGHT_BYTES = 2_048;
/** About as many answers are remembered. */
const MAX_WEIGHT = 20;
const MAX_ERROR = 10;
/** More than any model writes today (128k), several times: what is asked beyond that is no answer's length. */
export const MAX_OUTPUT_TOKENS = 4_194_304;
const OTHER = "";

/**
 * How many tokens a prompt will be and an answer may have, for each model from what its providers reported so far. Names come from
 * the config; beyond `maxModels` they share one entry.
 */
export class TokenRatios {
  readonly #models = new Map<string, Learnt>();
  readonly #maxModels: number;

  constructor(maxModels = 2_000) {
    this.#maxModels = maxModels;
  }

  /** Models something is known of. */
  get size(): number {
    return this.#models.size;
  }

  /** What a provider reported of a request without images; of one with them only the answer's tokens say anything. */
  observe(
    model: string,
    promptBytes: number,
    inputTokens: number | null,
    outputTokens: number | null,
    images = 0,
  ): void {
    const learnt = this.#learn(model);
    if (isCount(inputTokens) && inputTokens > 0 && promptBytes > 0 && images === 0) {
      noteError(learnt, Math.ceil(promptBytes * learnt.tokensPerByte), inputTokens);
      const seen = clamp(inputTokens / promptBytes, 1 / MAX_BYTES_PER_TOKEN, 1 / MIN_BYTES_PER_TOKEN);
      const weight = Math.min(1, promptBytes / FULL_WEIGHT_BYTES);
      learnt.weight = Math.min(MAX_WEIGHT, learnt.weight + weight);
      learnt.tokensPerByte += ((seen - learnt.tokensPerByte) * weight) / learnt.weight;
    }
    if (isCount(outputTokens)) {
      learnt.outputWeight = Math.min(MAX_WEIGHT, learnt.outputWeight + 1);
      const seen = Math.min(outputTokens, MAX_OUTPUT_TOKENS);
      learnt.outputTokens += (seen - learnt.outputTokens) / learnt.outputWeight;
    }
  }

  /** Tokens of a prompt of so many bytes. */
  estimateInput(model: string, promptBytes: number): number {
    return Math.ceil(promptBytes * (this.#find(model)?.tokensPerByte ?? 1 / DEFAULT_BYTES_PER_TOKEN));
  }

  /** Tokens an answer may have: what the caller allows, else what this model's answers had on average. */
  estimateOutput(model: string, declaredMax: number | null): number {
    if (declaredMax !== null) return clamp(declaredMax, 0, MAX_OUTPUT_TOKENS);
    return Math.ceil(this.#find(model)?.outputTokens ?? DEFAULT_OUTPUT_TOKENS);
  }

  /** How far off the estimates of prompts were lately, as a share of the truth; null before the first answer. */
  errorOf(model: string): number | null {
    return this.#find(model)?.error ?? null;
  }

  #find(model: string): Learnt | undefined {
    return this.#models.get(model) ?? (this.#models.size >= this.#maxModels ? this.#models.get(OTHER) : undefined);
  }

  #learn(model: string): Learnt {
    let learnt = this.#find(model);
    if (learnt === undefined) {
      learnt = {
        tokensPerByte: 1 / DEFAULT_BYTES_PER_TOKEN,
        weight: 1,
        outputTokens: DEFAULT_OUTPUT_TOKENS,
        outputWeight: 1,
        error: null,
      };
      this.#models.set(this.#models.size < this.#maxModels ? model : OTHER, learnt);
    }
    return learnt;
  }
}

function noteError(learnt: Learnt, estimate: number, truth: number): void {
  const error = Math.min(MAX_ERROR, Math.abs(estimate - truth) / truth);
  learnt.error = learnt.error === null ? error : learnt.error + (error - learnt.error) / MAX_WEIGHT;
}

/** What a provider reports may be anything. */
function isCount(tokens: number | null): tokens is number {
  return tokens !== null && tokens >= 0 && Number.isFinite(tokens);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
