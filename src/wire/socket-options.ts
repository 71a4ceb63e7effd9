import { dlopen, FFIType } from "bun:ffi";

/**
 * Bounds what one read of a provider's socket can bring (SO_RCVBUF).
 *
 * Without it one `data` event is up to 512 KiB and is pinned while a caller stalls: 200 stalled callers took 241 MB; with
 * 64 KiB they take under 100, and TCP's own window does the rest. `maxBytes`: what may be read at once; Linux doubles what
 * it is given, for its own bookkeeping. False where the platform does not let us.
 */
export function limitReceiveBuffer(socket: unknown, maxBytes: number): boolean {
  const { fd } = socket as { fd?: number };
  if (typeof fd !== "number" || fd < 0) return false;
  if (setSocketOption === undefined) setSocketOption = loadSetSocketOption();
  if (setSocketOption === null) return false;
  value[0] = IS_LINUX ? maxBytes >> 1 : maxBytes;
  return setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, valueBytes, valueBytes.length) === 0;
}

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
