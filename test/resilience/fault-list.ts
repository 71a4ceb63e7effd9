/**
 * Every fault the instruments can play, by the phase it strikes in, and what is to become of a caller who has other deployments:
 * before the first byte it is saved, after it the break is shown; what is merely strange passes.
 */
import { chatStreamEvents, EVENT_STREAM, eventStream, errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, type Behaviour, CLOSED } from "../instruments/fleet.ts";
import type { ConnectionPlan } from "../instruments/script-player.ts";
import type { Script, Step } from "../instruments/script.ts";

export const PHASES = [
  "before connect",
  "before headers",
  "a refusal",
  "after headers",
  "in mid-event",
  "after the last token",
] as const;
export type Phase = (typeof PHASES)[number];

export type Fate =
  /** Another deployment answers. */
  | "saved"
  /** The caller sees an error event and a connection that ends without its last chunk. */
  | "broken"
  /** The answer goes through as it is: nobody else is asked. */
  | "passed";

export type FaultCase = {
  readonly name: string;
  readonly phase: Phase;
  /** `hangingPort`: where connections neither succeed nor fail. */
  readonly behaviour: (hangingPort: number) => Behaviour;
  /** null: it makes no sense for such a request. */
  readonly stream: Fate | null;
  readonly whole: Fate | null;
  /** Statuses that a caller may see where every deployment has the fault. */
  readonly exhausted: readonly number[];
};

const FIN: Step = { kind: "fin" };
const RST: Step = { kind: "rst" };
const SILENCE: Step = { kind: "silence" };

const plays = (script: () => Script) => (): Behaviour => answers(script);
const connects =
  (plan: () => ConnectionPlan, isTls = false) =>
  (): Behaviour => ({ kind: "connection", plan, isTls });

const streamHead: Step = {
  kind: "head",
  status: 200,
  headers: [
    ["content-type", EVENT_STREAM],
    ["transfer-encoding", "chunked"],
  ],
};
const jsonHead: Step = {
  kind: "head",
  status: 200,
  headers: [
    ["content-type", "application/json"],
    ["content-length", "200"],
  ],
};

/** A good head, whichever was asked for, and then an ending in the place of the first byte. */
const afterHead = (ending: Step) => (): Behaviour =>
  answers(({ message }) => [message.text.includes('"stream":true') ? streamHead : jsonHead, ending]);

/** All of a stream but its `[DONE]`, then an ending instead of the last chunk. */
const afterFinish = (ending: Step) => (): Script =>
  eventStream(chatStreamEvents({ done: false }), { ending: [ending] });

export const errorEventFirst = (): Script =>
  eventStream([
    'data: {"error":{"message":"The model failed to load.","type":"server_error","param":null,"code":null}}\n\n',
  ]);

/** The same, its first event in several chunks, as a slow network brings it. */
const errorInPieces = (): Script => {
  const event =
    'data: {"error":{"message":"The model failed to load.","type":"server_error","param":null,"code":null}}\n\n';
  return eventStream([event.slice(0, 4), event.slice(4, 10), event.slice(10)]);
};

const refusal = (status: number, type: string, code: string | null) => (): Script =>
  errorAnswer(status, { message: `Refused with ${status}.`, type, code });

const both = (fate: Fate) => ({ stream: fate, whole: fate });
const onlyStream = (fate: Fate) => ({ stream: fate, whole: null });
const onlyWhole = (fate: Fate) => ({ stream: null, whole: fate });

export const FAULTS: readonly FaultCase[] = [
  ...(
    [
      ["refuses connections", () => CLOSED, [502]],
      ["lets connections hang", (port: number): Behaviour => ({ kind: "elsewhere", port }), [502, 504]],
      ["resets whoever connects", connects(faults.resetOnAccept), [502]],
      ["speaks plain HTTP where TLS is due", connects(faults.plaintextOnTls, true), [502]],
      ["answers the handshake with garbage", connects(faults.handshakeGarbage, true), [502]],
      ["never answers the handshake", connects(faults.handshakeSilence, true), [502, 504]],
    ] as const
  ).map(([name, behaviour, exhausted]): FaultCase => ({
    name,
    phase: "before connect",
    behaviour,
    ...both("saved"),
    exhausted,
  })),
  ...(
    [
      ["never answers", faults.blackhole, [504]],
      ["resets before the headers", faults.resetBeforeHeaders, [502]],
      ["closes before the headers", faults.finBeforeHeaders, [502]],
      ["resets inside the headers", faults.resetInsideHeaders, [502]],
      ["closes inside the headers", faults.finInsideHeaders, [502]],
      ["stalls inside the headers", faults.stalledHeaders, [504]],
      ["is no HTTP server", faults.garbage, [502]],
      ["says two lengths", faults.conflictingLengths, [502]],
      ["says a length and chunks", faults.lengthAndChunks, [502]],
      ["sends a head of a megabyte", faults.hugeHead, [502]],
      ["sends interim answers without end", () => faults.endlessInterim(), [502]],
      ["redirects elsewhere", () => faults.redirectElsewhere(), [502]],
      ["answers with a web page", faults.htmlAnswer, [502]],
    ] as const
  ).map(([name, script, exhausted]): FaultCase => ({
    name,
    phase: "before headers",
    behaviour: plays(script),
    ...both("saved"),
    exhausted,
  })),
  ...(
    [
      ["says 429 with seconds", () => faults.rateLimitedSeconds(), [429]],
      ["says 429 with a date", () => faults.rateLimitedDate(), [429]],
      ["says 500", faults.serverError, [500]],
      ["says 503", faults.unavailable, [503]],
      ["says 529", faults.overloaded, [529]],
      ["says 401", refusal(401, "invalid_request_error", "invalid_api_key"), [401]],
      ["says 402", refusal(402, "billing_error", "insufficient_quota"), [402]],
      ["says 403", refusal(403, "permission_error", null), [403]],
      ["says 404", refusal(404, "invalid_request_error", "model_not_found"), [404]],
    ] as const
  ).map(([name, script, exhausted]): FaultCase => ({
    name,
    phase: "a refusal",
    behaviour: plays(script),
    ...both("saved"),
    exhausted,
  })),
  ...(
    [
      ["resets after the headers", afterHead(RST), both("saved"), [502]],
      ["closes after the headers", afterHead(FIN), both("saved"), [502]],
      ["falls silent after the headers", afterHead(SILENCE), both("saved"), [504]],
      ["ends a stream without an event", plays(() => eventStream([])), onlyStream("saved"), [502]],
      ["begins a stream with an error", plays(errorEventFirst), onlyStream("saved"), [200, 500, 502]],
      ["begins a stream with an error in pieces", plays(errorInPieces), onlyStream("saved"), [200, 500, 502]],
      ["says 200 with an error", plays(faults.errorIn200), onlyWhole("saved"), [200, 500, 502]],
      ["answers with half a JSON text", plays(faults.truncatedJson), onlyWhole("saved"), [502]],
      ["sends less than it promised", plays(faults.shortContentLength), onlyWhole("saved"), [502]],
    ] as const
  ).map(([name, behaviour, fate, exhausted]): FaultCase => ({
    name,
    phase: "after headers",
    behaviour,
    ...fate,
    exhausted,
  })),
  ...(
    [
      ["resets in the middle of a stream", faults.resetMidStream, "broken"],
      ["closes in the middle of a stream", faults.finMidStream, "broken"],
      ["closes inside a chunk", faults.finInsideChunk, "broken"],
      ["falls silent in the middle of a stream", faults.silenceMidStream, "broken"],
      ["sends a bad chunk size", faults.badChunkSize, "broken"],
      ["sends a huge chunk size", faults.hugeChunkSize, "broken"],
      ["forgets the end of a chunk", faults.missingChunkEnd, "broken"],
      ["sends an error event in the middle", faults.errorEventMidStream, "passed"],
      ["sends a byte at a time", faults.oneByteAtATime, "passed"],
      ["sends invalid UTF-8", faults.invalidUtf8, "passed"],
    ] as const
  ).map(([name, script, fate]): FaultCase => ({
    name,
    phase: "in mid-event",
    behaviour: plays(script),
    ...onlyStream(fate),
    exhausted: [200],
  })),
  ...(
    [
      ["ends in good order, the answer unfinished", faults.missingFinish, "broken"],
      ["resets after the last token", afterFinish(RST), "broken"],
      ["closes after the last token", afterFinish(FIN), "broken"],
      ["falls silent after the last token", afterFinish(SILENCE), "broken"],
      ["forgets the end marker", faults.missingEndMarker, "passed"],
      ["sends the end marker twice", faults.duplicatedEndMarker, "passed"],
    ] as const
  ).map(([name, script, fate]): FaultCase => ({
    name,
    phase: "after the last token",
    behaviour: plays(script),
    ...onlyStream(fate),
    exhausted: [200],
  })),
  {
    name: "trickles its headers",
    phase: "before headers",
    behaviour: plays(faults.trickledHeaders),
    ...onlyWhole("passed"),
    exhausted: [200],
  },
  {
    name: "sends more than it promised",
    phase: "after headers",
    behaviour: plays(faults.longContentLength),
    ...onlyWhole("passed"),
    exhausted: [200],
  },
  {
    name: "compresses unasked",
    phase: "after headers",
    behaviour: plays(faults.gzipThoughIdentity),
    ...onlyWhole("passed"),
    exhausted: [200],
  },
];
