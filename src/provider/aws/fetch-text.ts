import { credentialError } from "./credentials.ts";

/** Everything these services answer is a few kilobytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

export type FetchTextOptions = {
  readonly method?: "GET" | "PUT" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Metadata services live on the host: no proxy of the environment's leads there. */
  readonly isLocal: boolean;
};

/** One small request off the data path: status and text. Throws GatewayError `upstream_error` when nothing came in time. `what` names it in errors. */
export async function fetchText(
  url: string,
  what: string,
  { method = "GET", headers = {}, body, timeoutMs, isLocal }: FetchTextOptions,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
      ...(isLocal ? { proxy: false as const } : {}),
    });
    return { status: response.status, text: await readBounded(response) };
  } catch (error) {
    // Refused, unknown host, timed out, or longer than it may be: the cause is for the log.
    throw credentialError(`${what} could not be reached.`, error);
  }
}

async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return "";
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError(`expected at most ${MAX_ANSWER_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
