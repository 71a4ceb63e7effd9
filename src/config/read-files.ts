import { open, readdir, realpath, stat } from "node:fs/promises";

/** How the config reaches the file system; tests give their own. Every method rejects with the system's error. */
export interface FileAccess {
  /** What stands there, symlinks followed. */
  kindOf(path: string): Promise<"file" | "directory" | "other">;
  /** Names in a directory, in any order. */
  list(path: string): Promise<readonly string[]>;
  /** The whole file, or a RangeError when it is longer than `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
  /** The path with every symlink followed. */
  resolve(path: string): Promise<string>;
}

/** The real file system. Nothing but regular files is opened: a FIFO or a device would hold the reader for ever. */
export const realFiles: FileAccess = {
  async kindOf(path) {
    const entry = await stat(path);
    if (entry.isFile()) return "file";
    return entry.isDirectory() ? "directory" : "other";
  },
  list: (path) => readdir(path),
  async read(path, maxBytes) {
    const handle = await open(path, "r");
    try {
      let buffer = new Uint8Array(8192);
      let length = 0;
      // A file of /proc says size 0, and a file may grow while it is read: only reading tells its length.
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
        if (bytesRead === 0) return buffer.subarray(0, length);
        length += bytesRead;
        if (length > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
        if (length === buffer.length) {
          const larger = new Uint8Array(buffer.length * 2);
          larger.set(buffer);
          buffer = larger;
        }
      }
    } finally {
      await handle.close();
    }
  },
  resolve: (path) => realpath(path),
};

/** The system's short word for a failure (ENOENT, EACCES …), without a path. */
export function errorCode(error: unknown): string {
  if (error instanceof RangeError) return "EFBIG";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "EUNKNOWN";
}
