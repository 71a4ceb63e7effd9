/** A port that neither accepts nor refuses: what a host that is gone looks like, without leaving loopback (Linux). */
import { dlopen, FFIType } from "bun:ffi";

export type FullBacklog = { readonly port: number; close(): void };

const AF_INET = 2;
const SOCK_STREAM = 1;

/** A listener nobody accepts on, its queue filled: the kernel drops every further SYN. */
export async function openFullBacklog(): Promise<FullBacklog> {
  const { symbols: libc } = dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  });
  const fd = libc.socket(AF_INET, SOCK_STREAM, 0);
  // struct sockaddr_in: family (host order), port (network order, 0 takes a free one), address.
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.set([127, 0, 0, 1], 4);
  const length = new Uint32Array([address.length]);
  const isOpen =
    fd >= 0 &&
    libc.bind(fd, address, address.length) === 0 &&
    libc.listen(fd, 0) === 0 &&
    libc.getsockname(fd, address, length) === 0;
  if (!isOpen) throw new Error("expected a listener on a free port of 127.0.0.1");
  const port = address.readUInt16BE(2);
  // A backlog of 0 still takes one connection; the second may or may not be the one that waits.
  const fillers = [0, 1].map(() => Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }));
  await Promise.race(fillers);
  return {
    port,
    close() {
      for (const filler of fillers) {
        void filler.then(
          (socket) => socket.terminate(),
          () => undefined, // it was still waiting: closing the listener refuses it
        );
      }
      libc.close(fd);
    },
  };
}
