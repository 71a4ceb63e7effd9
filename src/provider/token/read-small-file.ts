import { readFile, stat } from "node:fs/promises";
import { tokenError } from "./access-token.ts";

/** Tokens and credential files are small; what is larger is something else. */
const MAX_FILE_BYTES = 256 * 1024;

/** A file's text; null where there is none. Throws GatewayError `upstream_error` where it cannot be read. `what` names it in errors. */
export async function readSmallFile(whose: string, what: string, path: string): Promise<string | null> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new RangeError(`expected at most ${MAX_FILE_BYTES} bytes, got ${size}`);
    return await readFile(path, "utf8");
  } catch (error) {
    // Not there is an answer; anything else (no right to read it, too large) is a mistake to tell.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw tokenError(whose, `${what} (${path}) could not be read.`, error);
  }
}

/** The token in a mounted file; read each time, because the kubelet replaces it. */
export async function readTokenFile(whose: string, what: string, path: string): Promise<string> {
  const token = (await readSmallFile(whose, what, path))?.trim();
  if (token === undefined) throw tokenError(whose, `${what} (${path}) is not there.`);
  if (token === "") throw tokenError(whose, `${what} (${path}) is empty.`);
  return token;
}
