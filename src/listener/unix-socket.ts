/**
 * The file a Unix socket lives in: taken over from the dead, never from the living, and only ours to remove.
 *
 * A process that was killed leaves its socket file behind, and a bind then fails with EADDRINUSE. So before binding we
 * connect: an answer means another instance serves there (an error), a refusal means nobody does (the file goes).
 * Bun creates the file 0755, and its `stop()` removes whatever has that path by then, also the socket of a successor
 * who took our place (both tried with Bun 1.4.5); hence the umask around the bind and the step aside in the release.
 */
import { chmodSync, lstatSync, mkdirSync, renameSync, unlinkSync, type BigIntStats } from "node:fs";
import { dirname } from "node:path";

/** sockaddr_un.sun_path, less its closing NUL. */
const MAX_PATH_BYTES = process.platform === "darwin" ? 103 : 107;
/** A directory we had to make: ours, and our group's, as the socket in it. */
const DIRECTORY_MODE = 0o750;

/** Why a Unix socket cannot be used, as a sentence for whoever started us. */
export class UnixSocketError extends Error {
  override readonly name = "UnixSocketError";
}

/** Which file it is, whatever has its path later. The birth time tells apart files that got the same inode in turn. */
export type SocketFile = {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  readonly bornNs: bigint;
};

/**
 * Makes the path free for a bind, or says why it cannot be: too long, no directory, not a socket, in use. A missing
 * directory is made (0750) when its own parent exists: /run/llmux, not a mistyped tree.
 */
export async function claimUnixSocket(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new UnixSocketError(
      `a Unix socket's path should have at most ${MAX_PATH_BYTES} bytes, got ${bytes}: ${path}`,
    );
  }
  ensureDirectory(dirname(path));
  const found = statIfThere(path);
  if (found === null) return;
  if (!found.isSocket()) {
    throw new UnixSocketError(`${path} should be a Unix socket or not exist, found ${describeKind(found)}`);
  }
  if (await isAnswered(path)) throw new UnixSocketError(`another instance answers on ${path}`);
  // Whoever bound the path while we asked has a file of its own by now: leave it, our bind will say "in use".
  const now = statIfThere(path);
  if (now === null || !isSame(identify(path, now), identify(path, found))) return;
  try {
    unlinkSync(path);
  } catch (cause) {
    throw new UnixSocketError(`${path} was left by a process that is gone and cannot be removed: ${codeOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Binds with the mode set from the first moment on: the umask keeps the file from being wider while `bind` runs, which
 * must be synchronous, because the umask is the whole process's.
 */
export function bindUnixSocket<Listener>(
  path: string,
  mode: number,
  bind: () => Listener,
): { readonly listener: Listener; readonly file: SocketFile } {
  const previous = process.umask(0o777 & ~mode);
  try {
    const listener = bind();
    return { listener, file: secureUnixSocket(path, mode) };
  } finally {
    process.umask(previous);
  }
}

/** Sets the mode of a socket that was just bound, and remembers which file it is. */
export function secureUnixSocket(path: string, mode: number): SocketFile {
  chmodSync(path, mode);
  return identify(path, lstatSync(path, { bigint: true }));
}

/**
 * Stops the listener and removes its file, but only if it is still ours. A successor's file is moved aside while
 * `stop` (synchronous) does its removing, and put back: its socket goes on listening all the while.
 */
export function releaseUnixSocket(file: SocketFile, stop: () => void): void {
  const found = statIfThere(file.path);
  if (found === null) {
    stop();
    return;
  }
  if (isSame(identify(file.path, found), file)) {
    stop();
    removeIfThere(file.path);
    return;
  }
  const aside = `${file.path}.${process.pid}`;
  renameSync(file.path, aside);
  try {
    stop();
  } finally {
    renameSync(aside, file.path);
  }
}

function ensureDirectory(directory: string): void {
  const found = statIfThere(directory);
  // A symbolic link may well lead to a directory (/var/run); the bind will tell if it does not.
  if (found !== null && !found.isDirectory() && !found.isSymbolicLink()) {
    throw new UnixSocketError(`${directory} should be a directory, found ${describeKind(found)}`);
  }
  if (found !== null) return;
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
  } catch (cause) {
    throw new UnixSocketError(`the directory ${directory} for the Unix socket cannot be made: ${codeOf(cause)}`, {
      cause,
    });
  }
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch (cause) {
    const code = codeOf(cause);
    // Refused: nobody listens. Gone: its owner removed it while we asked.
    if (code === "ECONNREFUSED" || code === "ENOENT") return false;
    // Its queue of callers is full: somebody is there, only busy.
    if (code === "EAGAIN") return true;
    throw new UnixSocketError(`cannot tell whether another instance answers on ${path}: ${code}`, { cause });
  }
}

function statIfThere(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return null;
    throw new UnixSocketError(`cannot look at ${path}: ${codeOf(cause)}`, { cause });
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // Bun's stop() removes it too; whoever came first is fine.
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function identify(path: string, stats: BigIntStats): SocketFile {
  return { path, device: stats.dev, inode: stats.ino, bornNs: stats.birthtimeNs };
}

function isSame(one: SocketFile, other: SocketFile): boolean {
  return one.device === other.device && one.inode === other.inode && one.bornNs === other.bornNs;
}

function describeKind(stats: BigIntStats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isSymbolicLink()) return "a symbolic link";
  return stats.isFile() ? "a file" : "something else";
}

function codeOf(cause: unknown): string {
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return String(cause);
}
