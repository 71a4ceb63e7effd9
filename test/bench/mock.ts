/**
 * The provider of the bench: raw sockets and pre-rendered bytes, so that it costs far less than what is measured.
 * Prints one JSON line with its addresses, then answers until it is killed. A control port tells which requests of the
 * abort measurement arrived and when their connections closed.
 */
import type { Socket } from "bun";
import { findContentLength } from "./content-length.ts";
import { FLOOD_FRAME, PLAIN_ANSWER, SCRIPTS, STREAM_HEAD, countFloodFrames, readScenario } from "./payloads.ts";
import type { Scenario, StreamScript } from "./payloads.ts";
import { wallClockMs } from "./wall-clock.ts";

type Stream = {
  readonly peer: Peer;
  readonly script: StreamScript;
  readonly gapMs: number;
  readonly isStamped: boolean;
  chunksLeft: number;
  isOver: boolean;
};
type Flood = { framesLeft: number };

type Peer = {
  socket: Socket<Peer>;
  /** A request that has not arrived whole. */
  partial: Buffer | null;
  /** Bytes the socket would not take yet. */
  unsent: Buffer | null;
  stream: Stream | null;
  flood: Flood | null;
  /** Set while a request of the abort measurement is in flight. */
  abortId: string | null;
};

const DRIP_GAP_MS = 10;
const WHEEL_SLOTS = 8192;
const NOT_UNDERSTOOD = Buffer.from("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
/** Where the APIs have what the mock shall do. */
const USER_FIELDS = [Buffer.from('"user":"'), Buffer.from('"user_id":"')];
const MESSAGES_PATH = Buffer.from("POST /v1/messages ");

const scenarios = new Map<string, Scenario>();
const observers = new Set<Socket<undefined>>();

/** A timer wheel of 1 ms slots: one interval moves all streams, however many there are. */
const wheel: Stream[][] = Array.from({ length: WHEEL_SLOTS }, () => []);
let wheelMs = Math.floor(performance.now());

function schedule(stream: Stream, atMs: number): void {
  wheel[atMs % WHEEL_SLOTS]?.push(stream);
}

function turnWheel(): void {
  const nowMs = Math.floor(performance.now());
  while (wheelMs < nowMs) {
    wheelMs += 1;
    const slot = wheel[wheelMs % WHEEL_SLOTS];
    if (slot === undefined || slot.length === 0) continue;
    wheel[wheelMs % WHEEL_SLOTS] = [];
    for (const stream of slot) advanceStream(stream);
  }
}

function advanceStream(stream: Stream): void {
  if (stream.isOver) return;
  const { peer } = stream;
  if (stream.chunksLeft <= 0) {
    stream.isOver = true;
    peer.stream = null;
    send(peer, stream.script.end);
    return;
  }
  // A peer that does not read gets no further chunk: one stays outstanding at most.
  if (peer.unsent === null) {
    stream.chunksLeft -= 1;
    send(peer, renderContent(stream));
  }
  schedule(stream, wheelMs + stream.gapMs);
}

function renderContent({ script, isStamped }: Stream): Buffer {
  if (!isStamped) return script.content;
  const content = Buffer.from(script.content);
  content.write(String(Math.round(wallClockMs() * 1000)), script.stampAt, "latin1");
  return content;
}

function send(peer: Peer, bytes: Buffer): void {
  if (peer.unsent !== null) {
    peer.unsent = Buffer.concat([peer.unsent, bytes]);
    return;
  }
  const written = peer.socket.write(bytes);
  if (written < bytes.length) peer.unsent = bytes.subarray(Math.max(0, written));
}

function pump(peer: Peer): void {
  const { flood } = peer;
  if (flood === null) return;
  while (peer.unsent === null) {
    if (flood.framesLeft === 0) {
      peer.flood = null;
      send(peer, SCRIPTS.chat.end);
      return;
    }
    flood.framesLeft -= 1;
    send(peer, FLOOD_FRAME);
  }
}

function startStream(peer: Peer, script: StreamScript, { chunks, gapMs, isStamped }: StreamPlan): void {
  if (chunks < 1 || gapMs < 1 || gapMs >= WHEEL_SLOTS) {
    throw new Error(`a stream should have 1 chunk or more and a gap of 1 to ${WHEEL_SLOTS - 1} ms`);
  }
  const stream: Stream = { peer, script, gapMs, isStamped, chunksLeft: chunks - 1, isOver: false };
  peer.stream = stream;
  send(peer, Buffer.concat([script.start, renderContent(stream)]));
  schedule(stream, Math.max(wheelMs, Math.floor(performance.now())) + gapMs);
}

type StreamPlan = Pick<Extract<Scenario, { kind: "stream" }>, "chunks" | "gapMs" | "isStamped">;

const ENDLESS_DRIP: StreamPlan = { chunks: Number.MAX_SAFE_INTEGER, gapMs: DRIP_GAP_MS, isStamped: false };

function answer(peer: Peer, scenario: Scenario, script: StreamScript): void {
  switch (scenario.kind) {
    case "plain":
      send(peer, PLAIN_ANSWER);
      return;
    case "stream":
      startStream(peer, script, scenario);
      return;
    case "flood":
      peer.flood = { framesLeft: countFloodFrames(scenario.bytes) };
      send(peer, STREAM_HEAD);
      pump(peer);
      return;
    case "hang":
    case "drip":
      peer.abortId = scenario.id;
      tellObservers(`arrived ${scenario.id} ${wallClockMs()}`);
      if (scenario.kind === "drip") startStream(peer, script, ENDLESS_DRIP);
      return;
  }
  scenario satisfies never;
}

function tellObservers(line: string): void {
  for (const observer of observers) observer.write(`${line}\n`);
}

/** Where the first request ends, or -1 while bytes are missing; NaN where it is not understood. */
function findRequestEnd(bytes: Buffer): number {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return -1;
  const length = findContentLength(bytes, 0, headEnd);
  if (length === null) return Number.NaN;
  const end = headEnd + 4 + length;
  return end <= bytes.length ? end : -1;
}

function findScenario(request: Buffer): Scenario | null {
  const field = USER_FIELDS.find((one) => request.includes(one));
  if (field === undefined) return null;
  const textStart = request.indexOf(field) + field.length;
  const text = request.toString("latin1", textStart, request.indexOf(0x22, textStart));
  const known = scenarios.get(text);
  if (known !== undefined) return known;
  const scenario = readScenario(text);
  // Abort requests name themselves one by one: keeping them would grow without end.
  if (scenario.kind !== "hang" && scenario.kind !== "drip") scenarios.set(text, scenario);
  return scenario;
}

function receive(peer: Peer, data: Buffer): void {
  let bytes = peer.partial === null ? data : Buffer.concat([peer.partial, data]);
  peer.partial = null;
  while (bytes.length > 0) {
    const end = findRequestEnd(bytes);
    if (end === -1) {
      peer.partial = Buffer.from(bytes);
      return;
    }
    const request = bytes.subarray(0, end);
    const scenario = Number.isNaN(end) ? null : findScenario(request);
    if (scenario === null) {
      peer.socket.end(NOT_UNDERSTOOD);
      return;
    }
    const isMessages = request.subarray(0, MESSAGES_PATH.length).equals(MESSAGES_PATH);
    answer(peer, scenario, isMessages ? SCRIPTS.messages : SCRIPTS.chat);
    bytes = bytes.subarray(end);
  }
}

function forget(peer: Peer): void {
  if (peer.stream !== null) peer.stream.isOver = true;
  peer.stream = null;
  peer.flood = null;
  peer.unsent = null;
  if (peer.abortId !== null) tellObservers(`closed ${peer.abortId} ${wallClockMs()}`);
  peer.abortId = null;
}

const handlers = {
  open(socket: Socket<Peer>): void {
    socket.setNoDelay(true);
    socket.data = { socket, partial: null, unsent: null, stream: null, flood: null, abortId: null };
  },
  data(socket: Socket<Peer>, data: Buffer): void {
    receive(socket.data, data);
  },
  drain(socket: Socket<Peer>): void {
    const peer = socket.data;
    const bytes = peer.unsent;
    peer.unsent = null;
    if (bytes !== null) send(peer, bytes);
    pump(peer);
  },
  close(socket: Socket<Peer>): void {
    forget(socket.data);
  },
  error(socket: Socket<Peer>): void {
    // A reset connection is how a caller's leaving may look; close() follows and accounts for it.
    forget(socket.data);
  },
};

const unixPath = process.argv[2];
if (unixPath === undefined) throw new Error("usage: mock.ts UNIX_SOCKET_PATH");
const tcp = Bun.listen<Peer>({ hostname: "127.0.0.1", port: 0, socket: handlers });
Bun.listen<Peer>({ unix: unixPath, socket: handlers });
const control = Bun.listen<undefined>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      socket.setNoDelay(true);
      observers.add(socket);
    },
    data(socket, data) {
      // "ping N": lets the other side find out how far our clocks are apart.
      for (const line of data.toString("latin1").split("\n")) {
        if (line !== "") socket.write(`pong ${line.split(" ")[1]} ${wallClockMs()}\n`);
      }
    },
    close(socket) {
      observers.delete(socket);
    },
  },
});
setInterval(turnWheel, 1);
process.stdout.write(
  `${JSON.stringify({ pid: process.pid, port: tcp.port, unix: unixPath, controlPort: control.port })}\n`,
);
