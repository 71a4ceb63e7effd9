import { dlopen, FFIType } from "bun:ffi";

/**
 * Bounds what one read of a provider's socket can bring (SO_RCVBUF), and with it what waits for a caller that stalls.
 *
 * Without it one `data` event is up to 512 KiB and is pinned while a caller stalls: 200 stalled callers took 241 MB; with
 * 64 KiB they take under 100, and TCP's own window does the rest. A stream needs little of the line: reads of `maxBytes`
 * (Linux doubles what it is given, so half is asked for). Anything else may be megabytes (images, embeddings), so it gets
 * four times that, a window that brings 4 MB/s over 50 ms. It is set once, when a connection opens: a window that shrinks
 * later makes the sender wait for its timers (it holds back until half of the largest window it has seen is free), and so
 * does one smaller than loopback's segments. False where the platform does not let us.
 */
export function limitReceiveBuffer(socket: unknown, maxBytes: number, kind: AnswerKind): boolean {
  const { fd } = socket as { fd?: number };
  if (typeof fd !== "number" || fd < 0) return false;
  const bytes = kind === "stream" ? maxBytes : maxBytes * 4;
  return setReceiveBuffer(fd, IS_LINUX ? bytes >> 1 : bytes);
}

function setReceiveBuffer(fd: number, bytes: number): boolean {
  if (setSocketOption === undefined) setSocketOption = loadSetSocketOption();
  if (setSocketOption === null) return false;
  value[0] = bytes;
  return setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, valueBytes, valueBytes.length) === 0;
}

/** What a connection is opened for. */
export type AnswerKind = "stream" | "answer";

type SetSocketOption = (fd: number, level: number, option: number, value: Uint8Array, length: number) => number;

const IS_LINUX = process.platform === "linux";
const SOL_SOCKET = IS_LINUX ? 1 : 0xffff;
const SO_RCVBUF = IS_LINUX ? 8 : 0x1002;
const value = new Int32Array(1);
const valueBytes = new Uint8Array(value.buffer);

/** null once tried in vain: the gateway then works with the kernel's own buffers. */
let setSocketOption: SetSocketOption | null | undefined;

/** Loaded on first use: the library costs some megabytes that an idle gateway need not hold. */
function loadSetSocketOption(): SetSocketOption | null {
  const names = IS_LINUX
    ? ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`]
    : ["libSystem.dylib"];
  for (const name of names) {
    try {
      const library = dlopen(name, {
        setsockopt: {
          args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
          returns: FFIType.i32,
        },
      });
      return library.symbols.setsockopt as unknown as SetSocketOption;
    } catch {
      // the next name: glibc, then musl
    }
  }
  return null;
}
