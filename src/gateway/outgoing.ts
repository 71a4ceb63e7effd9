import type { Endpoint } from "../dialect/dialect.ts";
import type { AnswerTranslation } from "../dialect/translate.ts";
import type { MultipartUpload } from "../relay/multipart-upload.ts";
import type { ChosenSurface } from "../route/choose-surface.ts";
import type { Deployment } from "../exchange.ts";

/** A deployment chosen for a request, and the model's name there with `*` filled in. */
export type Routed = { readonly deployment: Deployment; readonly upstreamModel: string };

/** Where a request goes. */
export type Plan = { readonly routed: Routed; readonly chosen: ChosenSurface<Endpoint> };

/** What goes to a provider, but for its head, and how its answer is to be treated. */
export type Outgoing = {
  readonly method: string;
  /** The whole target after the host. */
  readonly path: string;
  /** null where there is none, or where it streams (`upload`). */
  readonly body: Buffer | null;
  /** null: chunked. */
  readonly bodyBytes: number | null;
  readonly isStreamRequested: boolean;
  readonly choices: number;
  /** Usage was asked for on our own account: its event is withheld. */
  readonly withholdsUsage: boolean;
  readonly upload: MultipartUpload | null;
  readonly isUpgrade: boolean;
  /** The way back, where caller and provider speak different dialects. */
  readonly translation: AnswerTranslation | null;
  readonly dropped: readonly string[];
  /** The caller's own request, where its answer is to be kept for callers who come back to it. */
  readonly toKeep: Buffer | null;
};

/** An ordinary request, passed as it is. */
export const NOTHING_SPECIAL = {
  isStreamRequested: false,
  choices: 1,
  withholdsUsage: false,
  upload: null,
  isUpgrade: false,
  translation: null,
  dropped: [],
  toKeep: null,
} as const;
