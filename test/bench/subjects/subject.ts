/** What the bench needs to know of a proxy to start it and to call it. */
import type { Target } from "../jobs.ts";

export type SubjectName = "llmux" | "llmux-before" | "llmux-routed" | "nginx" | "haproxy" | "bare" | "portkey";

export type Upstream = { readonly host: string; readonly port: number };

/** A proxy that could be started now: its config is written. */
export type Prepared = {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly tcp: Target;
  /** Null where it cannot listen on a Unix socket. */
  readonly unix: Target | null;
  /** A GET that answers 200 as soon as the proxy is ready. */
  readonly ready: { readonly host: string; readonly port: number; readonly path: string };
};

export type Found =
  { readonly kind: "available"; readonly version: string } | { readonly kind: "missing"; readonly reason: string };

export interface Subject {
  readonly name: SubjectName;
  /** How it is set up, for the report. */
  readonly description: string;
  /** Looks for the program; may install it where the bench may do so. */
  find(): Promise<Found>;
  /** Writes its config into an empty directory of its own. */
  prepare(directory: string, upstream: Upstream): Promise<Prepared>;
  /** Headers its callers must send. */
  headers(upstream: Upstream): readonly (readonly [name: string, value: string])[];
  readonly withholdsUsage: boolean;
  /** Whether callers of one API reach a provider of another. */
  readonly translates: boolean;
  /** Share of the usual load it can carry: what is measured is cost, so every subject must keep up. */
  readonly loadShare: number;
  /** Most open streams it is asked to hold. */
  readonly maxStreams: number;
}
