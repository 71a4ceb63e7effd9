/** One way in for every test through the front door: the executable where `LLMUX_BIN` names one, else in process. */
import { commandFromSource, findExecutable, isExecutableAsked, startExecutable } from "./executable.ts";
import { startTestGateway } from "./gateway.ts";
import type { GatewayOptions, TestGateway } from "./test-gateway.ts";

/** Starts the gateway under test; the caller stops it. */
export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  if (!isExecutableAsked()) return await startTestGateway(options);
  const path = findExecutable();
  if (path === null) throw new Error("expected the executable that LLMUX_BIN names");
  return await startExecutable(path, options);
}

/** Starts the gateway as a process of its own, for tests that measure its memory or end it by signals. */
export async function startGatewayProcess(options: GatewayOptions): Promise<TestGateway> {
  return await startExecutable((isExecutableAsked() ? findExecutable() : null) ?? commandFromSource(), options);
}
