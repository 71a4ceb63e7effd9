import type { Origin } from "../exchange.ts";
import { demoAnswer } from "./demo-answer.ts";

/** The demo provider, listening. */
export interface DemoUpstream {
  readonly origin: Origin;
  stop(): void;
}

/**
 * Serves the demo provider on a loopback port of its own, so that a first try goes the whole way a real request goes: pool,
 * parser, relay and all.
 */
export function startDemoUpstream(): DemoUpstream {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      let body: unknown = null;
      try {
        body = await request.json();
      } catch {
        body = null; // demoAnswer says what it expected
      }
      const isStream = (body as { stream?: unknown } | null)?.stream === true;
      const answer = demoAnswer(path, body, isStream);
      const headers = { "content-type": answer.contentType };
      if (!isStream || answer.chunks.length <= 1) {
        return new Response(Buffer.concat(answer.chunks), { status: answer.status, headers });
      }
      return new Response(streamChunks(answer.chunks, answer.chunkDelayMs), { status: answer.status, headers });
    },
  });
  const port = server.port as number;
  return {
    origin: {
      tls: false,
      host: "127.0.0.1",
      port,
      hostHeader: `127.0.0.1:${port}`,
      pathPrefix: "",
      unixPath: null,
    },
    stop: () => void server.stop(true),
  };
}

function streamChunks(chunks: readonly Uint8Array[], delayMs: number): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      if (next > 0) await Bun.sleep(delayMs);
      const chunk = chunks[next++];
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
}
