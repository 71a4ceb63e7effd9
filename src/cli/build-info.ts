// Replaced by `deploy/build/build.ts` (`bun build --define`); absent when run from source.
declare const LLMUX_BUILD_VERSION: string | undefined;
declare const LLMUX_BUILD_COMMIT: string | undefined;

/** What this executable was built from. */
export const BUILD_INFO = {
  version: typeof LLMUX_BUILD_VERSION === "string" ? LLMUX_BUILD_VERSION : "0.0.0-source",
  commit: typeof LLMUX_BUILD_COMMIT === "string" ? LLMUX_BUILD_COMMIT : "none",
} as const;
