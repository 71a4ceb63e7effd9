/** A gateway under test, whichever way it runs: the compiled executable or inside the test's own process. */
export interface TestGateway {
  readonly socketPath: string;
  readonly httpPort: number;
  readonly opsPort: number;
  /** Process id; the test's own when it runs in process. */
  readonly pid: number;
  readonly configPath: string;
  /** Log lines so far. */
  readonly logs: readonly string[];
  /** Replaces the config file in one step (write beside, rename over). */
  writeConfig(text: string): Promise<void>;
  /** Resident memory in bytes. */
  residentBytes(): number;
  /** Ends it as an operator would (SIGTERM, drain) and says the exit code; calling it twice is harmless. */
  stop(): Promise<number>;
}

export type GatewayAddresses = {
  readonly socketPath: string;
  readonly httpPort: number;
  readonly opsPort: number;
};

export type GatewayOptions = {
  /** The config without its `listen` part, which the instrument writes; addresses are given for texts that need them. */
  readonly config: string | ((addresses: GatewayAddresses) => string);
  readonly env?: Readonly<Record<string, string>>;
  /** A directory mounted as Kubernetes does it, instead of a file; the executable's alone. */
  readonly isConfigMap?: boolean;
};
