import type { Command } from "./command.ts";
import { EXIT_CODE } from "./exit-code.ts";
import { choosePlacesForRequests, type Place, requestFrom, SOCKET_FLAG, UnreachableError } from "./gateway-client.ts";
import { readEventData } from "./read-events.ts";

/** Why no complete answer came, in a sentence for the person at the terminal. */
class ChatFailure extends Error {
  override readonly name = "ChatFailure";
}

/** `llmux chat "text"`: streams one answer through the running gateway, as a first try and as a smoke test. */
export const chatCommand: Command = {
  name: "chat",
  usage: "TEXT [--model NAME] [--socket PATH] [--http HOST:PORT]",
  description: `Sends TEXT as one user message and prints the answer as it comes.
Exit code 0 for a complete answer; 1 when the gateway, the provider or the stream failed (stderr says which).`,
  words: { min: 1, max: 1 },
  flags: {
    model: { kind: "value", placeholder: "NAME", help: "the model to ask (else the first of /v1/models)" },
    socket: SOCKET_FLAG,
    http: {
      kind: "value",
      placeholder: "HOST:PORT",
      help: "the http listener (else 127.0.0.1:4000, after the socket)",
    },
  },
  async run({ words: [text = ""], values, env, terminal }) {
    const places = choosePlacesForRequests({ values, env });
    const { readerGone: signal } = terminal;
    try {
      const { place, response: list } = await requestFirst(places, signal);
      const listed = await list.text();
      const model = values.get("model") ?? chooseModel(list.status, listed);
      const response = await requestFrom(place, "/v1/chat/completions", {
        signal,
        method: "POST",
        json: { model, stream: true, messages: [{ role: "user", content: text }] },
      });
      if (response.status !== 200) throw new ChatFailure(describeRefusal(response.status, await response.text()));
      await printAnswer(response, terminal.out, signal);
      return EXIT_CODE.ok;
    } catch (error) {
      if (signal.aborted) return EXIT_CODE.failure;
      // What may go wrong here is the gateway's or the network's, and its own sentence says it; a stack would not help.
      const known = error instanceof ChatFailure || error instanceof UnreachableError;
      if (!known) throw error;
      await terminal.err(`llmux chat: ${error.message}\n`);
      return EXIT_CODE.failure;
    }
  },
};

/** The models list from the first place where something answers; it shows which place that is. */
async function requestFirst(
  places: readonly Place[],
  signal: AbortSignal,
): Promise<{ place: Place; response: Response }> {
  const reasons: string[] = [];
  for (const place of places) {
    try {
      return { place, response: await requestFrom(place, "/v1/models", { signal }) };
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      reasons.push(error.message);
    }
  }
  throw new UnreachableError(`${reasons.join("; ")}. Is the gateway running? Try: llmux serve --demo`);
}

function chooseModel(status: number, list: string): string {
  if (status !== 200) throw new ChatFailure(describeRefusal(status, list));
  const ids = asArray(getField(parseJson(list), "data")).map((each) => getField(each, "id"));
  // "local/*" is a pattern, not a name one can ask for.
  const model = ids.find((id): id is string => typeof id === "string" && !id.includes("*"));
  if (model === undefined) throw new ChatFailure("the gateway lists no model by name; say which with --model");
  return model;
}

/** Prints the text as it comes; throws ChatFailure unless the stream came to its own end. */
async function printAnswer(
  response: Response,
  out: (text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const type = response.headers.get("content-type") ?? "none";
  if (!type.startsWith("text/event-stream") || response.body === null) {
    throw new ChatFailure(`expected an event stream, got content-type ${JSON.stringify(type)}`);
  }
  let chars = 0;
  let isDone = false;
  try {
    for await (const data of readEventData(response.body)) {
      signal.throwIfAborted();
      if (data === "[DONE]") {
        isDone = true;
        continue;
      }
      const event = parseEvent(data);
      const error = getField(event, "error");
      if (error !== undefined)
        throw new ChatFailure(`the stream broke after ${chars} characters: ${describeError(error)}`);
      const delta = getField(asArray(getField(event, "choices"))[0], "delta");
      const text = getField(delta, "content") ?? getField(delta, "refusal");
      if (typeof text !== "string" || text === "") continue;
      chars += text.length;
      await out(text);
    }
  } catch (error) {
    if (signal.aborted || error instanceof ChatFailure) throw error;
    // The connection broke, or the event was no JSON: either way the answer is not whole.
    const reason = error instanceof Error ? error.message : String(error);
    throw new ChatFailure(`the stream broke after ${chars} characters: ${reason}`, { cause: error });
  } finally {
    if (chars > 0) await out("\n");
  }
  if (!isDone) throw new ChatFailure(`the stream ended after ${chars} characters without its end marker`);
}

function parseEvent(data: string): unknown {
  const event = parseJson(data);
  if (event === undefined) throw new ChatFailure(`expected an event in JSON, got ${JSON.stringify(data.slice(0, 80))}`);
  return event;
}

function describeRefusal(status: number, text: string): string {
  const error = getField(parseJson(text), "error");
  // Without an error object it is not the gateway's own answer: the text itself is the best there is.
  const said = error === undefined ? JSON.stringify(text.slice(0, 300)) : describeError(error);
  return `the gateway answered ${status}: ${said}`;
}

/** The value of a JSON text; undefined for one that is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The callers say what they expected instead.
    return undefined;
  }
}

function describeError(error: unknown): string {
  const message = getField(error, "message");
  const code = getField(error, "code");
  const words = typeof message === "string" ? message : JSON.stringify(error).slice(0, 300);
  return typeof code === "string" ? `${words} (${code})` : words;
}

function getField(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
