/** The three ways a command ends; scripts and probes may rely on them (README, "Exit codes"). */
export const EXIT_CODE = {
  ok: 0,
  /** It was understood and did not work: not ready, no answer, a broken stream. */
  failure: 1,
  /** It was not understood: wrong usage, or a config that is not valid. */
  usage: 2,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];
