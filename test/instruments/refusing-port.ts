/** A port that refuses connections and that nobody else can take meanwhile (Linux). */
import { dlopen, FFIType } from "bun:ffi";

export type RefusingPort = { readonly port: number; close(): void };

const AF_INET = 2;
const SOCK_STREAM = 1;

const libc = (() => {
  let symbols: ReturnType<typeof open> | null = null;
  return () => (symbols ??= open());
})();

function open() {
  return dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  }).symbols;
}

/**
 * Bound, but not listened on: the kernel answers every SYN with a reset, and gives the port to nobody else. One that was merely free a
 * moment ago may be somebody's by the time it is used.
 */
export function openRefusingPort(): RefusingPort {
  const { socket, bind, getsockname, close } = libc();
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  // struct sockaddr_in: family (host order), port (network order, 0 takes a free one), address.
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.set([127, 0, 0, 1], 4);
  const length = new Uint32Array([address.length]);
  const isBound = fd >= 0 && bind(fd, address, address.length) === 0 && getsockname(fd, address, length) === 0;
  if (!isBound) throw new Error("expected to bind a free port of 127.0.0.1");
  return { port: address.readUInt16BE(2), close: () => void close(fd) };
}
