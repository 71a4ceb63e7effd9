/** Node's HTTP parser as a reference, in a process of its own that runs the real `node`. */
import { join } from "node:path";
import type { FuzzSide } from "./fuzz-our-parser.ts";
import type { Reading } from "./fuzz-reading.ts";

/** What Node said; `refused` carries the head where it was accepted before the body was refused. */
export type NodeReading =
  | Exclude<Reading, { kind: "refused" }>
  | { readonly kind: "refused"; readonly why: string; readonly head?: Extract<Reading, { kind: "message" }> }
  | (Omit<Extract<Reading, { kind: "message" }>, "kind"> & { readonly kind: "tunnel" });

export type NodeInput = { readonly side: FuzzSide; readonly method: string; readonly bytes: Buffer };

/** The path of `node`; null where there is none. */
export function findNode(): string | null {
  return Bun.which("node");
}

/** Reads all inputs, in order, in one run of `node`. */
export async function readWithNode(node: string, inputs: readonly NodeInput[]): Promise<NodeReading[]> {
  const lines = inputs.map(({ side, method, bytes }) => JSON.stringify({ side, method, hex: bytes.toString("hex") }));
  const child = Bun.spawn([node, join(import.meta.dir, "fuzz-node-parser.mjs")], {
    stdin: Buffer.from(`${lines.join("\n")}\n`),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, complaints, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const readings = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as NodeReading);
  if (code !== 0 || readings.length !== inputs.length) {
    throw new Error(`expected ${inputs.length} readings of node, got ${readings.length}, exit ${code}: ${complaints}`);
  }
  return readings;
}
