/**
 * The answers of the embedded demo provider: pure functions from a request to the bytes of its answer. They have the
 * shapes of OpenAI's API (https://platform.openai.com/docs/api-reference) so that every SDK reads them, they are labelled as a demo, and
 * the same request always gets the same bytes.
 */
import { answerDemoChat } from "./demo-chat.ts";
import { answerDemoCompletion } from "./demo-completions.ts";
import { answerDemoEmbeddings } from "./demo-embeddings.ts";
import { answerDemoModeration } from "./demo-moderations.ts";
import { answerDemoResponse } from "./demo-responses.ts";

/** An answer as it is to be sent: its chunks in order, with a pause before each but the first. */
export type DemoAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly chunks: readonly Uint8Array[];
  readonly chunkDelayMs: number;
};

/** What an endpoint makes of a request, before it becomes bytes. */
export type DemoReply =
  | { readonly kind: "json"; readonly value: object }
  /** Texts of server-sent events, complete with their blank line. */
  | { readonly kind: "events"; readonly events: readonly string[] }
  | { readonly kind: "error"; readonly status: number; readonly message: string; readonly param: string | null };

/** Pause between the words of a stream: slow enough to be seen streaming, fast enough not to bore. */
const CHUNK_DELAY_MS = 15;

type Endpoint = (body: unknown, isStream: boolean) => DemoReply;

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["/chat/completions", answerDemoChat],
  ["/completions", answerDemoCompletion],
  ["/embeddings", answerDemoEmbeddings],
  ["/responses", answerDemoResponse],
  ["/moderations", answerDemoModeration],
]);

/** The demo's answer to a parsed request; a path it does not know gets OpenAI's 404. */
export function demoAnswer(path: string, body: unknown, isStream: boolean): DemoAnswer {
  const endpoint = ENDPOINTS.get(path.replace(/\?.*$/, "").replace(/^\/v1(?=\/)/, ""));
  if (endpoint === undefined) {
    const message = `The demo provider does not serve ${JSON.stringify(path.slice(0, 100))}; it serves ${[...ENDPOINTS.keys()].join(", ")}.`;
    return encodeReply({ kind: "error", status: 404, message, param: null });
  }
  return encodeReply(endpoint(body, isStream));
}

function encodeReply(reply: DemoReply): DemoAnswer {
  const encoder = new TextEncoder();
  switch (reply.kind) {
    case "json":
      return encodeJson(200, reply.value);
    case "events":
      return {
        status: 200,
        contentType: "text/event-stream; charset=utf-8",
        chunks: reply.events.map((event) => encoder.encode(event)),
        chunkDelayMs: CHUNK_DELAY_MS,
      };
    case "error": {
      const { status, message, param } = reply;
      return encodeJson(status, { error: { message, type: "invalid_request_error", param, code: null } });
    }
    default:
      return reply satisfies never;
  }
}

function encodeJson(status: number, value: object): DemoAnswer {
  const chunks = [new TextEncoder().encode(JSON.stringify(value))];
  return { status, contentType: "application/json", chunks, chunkDelayMs: 0 };
}
