/** Ready-made answers of a provider that speaks OpenAI's API, as scripts for the fake upstream. */
import { toBuffer, type Script, type Step } from "./script.ts";

export type AnswerOptions = {
  readonly status?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
};

/** A whole body with its length, head and body in one write each. */
export function bodyAnswer(body: string | Uint8Array, contentType: string, options: AnswerOptions = {}): Script {
  const bytes = toBuffer(body);
  const head: Step = {
    kind: "head",
    status: options.status ?? 200,
    headers: [["content-type", contentType], ["content-length", String(bytes.length)], ...(options.headers ?? [])],
  };
  return bytes.length === 0 ? [head] : [head, { kind: "bytes", data: bytes }];
}

export function jsonAnswer(value: unknown, options: AnswerOptions = {}): Script {
  return bodyAnswer(JSON.stringify(value), "application/json", options);
}

/** An error as OpenAI writes it. */
export function errorAnswer(
  status: number,
  error: { readonly message: string; readonly type: string; readonly code?: string | null; readonly param?: string },
  options: Omit<AnswerOptions, "status"> = {},
): Script {
  return jsonAnswer(
    { error: { message: error.message, type: error.type, param: error.param ?? null, code: error.code ?? null } },
    { ...options, status },
  );
}

/** A body in chunks, one write per chunk. */
export function chunkedAnswer(
  chunks: readonly (string | Uint8Array)[],
  contentType: string,
  options: AnswerOptions & { readonly ending?: readonly Step[] } = {},
): Script {
  return [
    {
      kind: "head",
      status: options.status ?? 200,
      headers: [["content-type", contentType], ["transfer-encoding", "chunked"], ...(options.headers ?? [])],
    },
    ...chunks.map((data): Step => ({ kind: "chunk", data })),
    ...(options.ending ?? [{ kind: "last-chunk" }]),
  ];
}

export type UsageFigures = {
  readonly input: number;
  readonly output: number;
  readonly cached?: number;
  readonly reasoning?: number;
};

export const EXAMPLE_USAGE: UsageFigures = { input: 11, output: 5, cached: 3, reasoning: 2 };

function writeUsage(usage: UsageFigures): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
  };
}

export type CompletionOptions = AnswerOptions & {
  readonly model?: string;
  readonly content?: string;
  readonly usage?: UsageFigures | null;
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
};

export function chatCompletion(options: CompletionOptions = {}): Script {
  const usage = options.usage === undefined ? EXAMPLE_USAGE : options.usage;
  const toolCalls = options.toolCalls?.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  return jsonAnswer(
    {
      id: "chatcmpl-example",
      object: "chat.completion",
      created: 1_700_000_000,
      model: options.model ?? "example-model",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: toolCalls === undefined ? (options.content ?? "Hello.") : null,
            ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
          },
          finish_reason: toolCalls === undefined ? "stop" : "tool_calls",
        },
      ],
      ...(usage === null ? {} : { usage: writeUsage(usage) }),
    },
    options,
  );
}

export type StreamOptions = {
  readonly model?: string;
  /** The texts of the content events. */
  readonly chunks?: readonly string[];
  /** The closing usage event; `"if-asked"` cannot be known here, so the test decides. */
  readonly usage?: UsageFigures | null;
  /** Whether `data: [DONE]` ends the stream. */
  readonly done?: boolean;
  /** Whether an event carries `finish_reason`. */
  readonly finish?: boolean;
  readonly headers?: readonly (readonly [name: string, value: string])[];
};

/** The events of a streamed chat completion, each as the bytes of one server-sent event. */
export function chatStreamEvents(options: StreamOptions = {}): string[] {
  const usage = options.usage === undefined ? null : options.usage;
  const frame = (choices: readonly object[], extra: object = {}): string =>
    `data: ${JSON.stringify({
      id: "chatcmpl-example",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: options.model ?? "example-model",
      choices,
      ...extra,
    })}\n\n`;
  const texts = options.chunks ?? ["Hel", "lo", "."];
  return [
    frame([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
    ...texts.map((content) => frame([{ index: 0, delta: { content }, finish_reason: null }])),
    ...(options.finish === false ? [] : [frame([{ index: 0, delta: {}, finish_reason: "stop" }])]),
    ...(usage === null ? [] : [frame([], { usage: writeUsage(usage) })]),
    ...(options.done === false ? [] : ["data: [DONE]\n\n"]),
  ];
}

/** A streamed chat completion, one event per chunk. */
export function chatStream(options: StreamOptions = {}): Script {
  return eventStream(chatStreamEvents(options), options);
}

export const EVENT_STREAM = "text/event-stream; charset=utf-8";

/** Server-sent events, one chunk each. */
export function eventStream(
  events: readonly (string | Uint8Array)[],
  options: AnswerOptions & { readonly ending?: readonly Step[] } = {},
): Script {
  return chunkedAnswer(events, EVENT_STREAM, options);
}

export function embeddings(
  options: AnswerOptions & { readonly count?: number; readonly dimensions?: number } = {},
): Script {
  const data = Array.from({ length: options.count ?? 1 }, (_, index) => ({
    object: "embedding",
    index,
    embedding: Array.from({ length: options.dimensions ?? 4 }, (_unused, place) => (index + 1) / (place + 1)),
  }));
  return jsonAnswer(
    { object: "list", data, model: "example-embedding", usage: { prompt_tokens: 7, total_tokens: 7 } },
    options,
  );
}

/** The events of a streamed response of the Responses API. */
export function responsesStreamEvents(
  options: { readonly texts?: readonly string[]; readonly complete?: boolean } = {},
): string[] {
  const texts = options.texts ?? ["Hel", "lo", "."];
  let sequence = 0;
  const frame = (type: string, fields: object): string => {
    const data = JSON.stringify({ type, sequence_number: sequence, ...fields });
    sequence += 1;
    return `event: ${type}\ndata: ${data}\n\n`;
  };
  const response = (status: string, usage: object | null) => ({
    response: { id: "resp_example", object: "response", status, model: "example-model", output: [], usage },
  });
  const usage = {
    input_tokens: 11,
    input_tokens_details: { cached_tokens: 3 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 2 },
    total_tokens: 16,
  };
  return [
    frame("response.created", response("in_progress", null)),
    ...texts.map((delta) =>
      frame("response.output_text.delta", { item_id: "msg_example", output_index: 0, content_index: 0, delta }),
    ),
    frame("response.output_text.done", {
      item_id: "msg_example",
      output_index: 0,
      content_index: 0,
      text: texts.join(""),
    }),
    ...(options.complete === false ? [] : [frame("response.completed", response("completed", usage))]),
  ];
}

export function responsesStream(
  options: { readonly texts?: readonly string[]; readonly complete?: boolean } = {},
): Script {
  return eventStream(responsesStreamEvents(options));
}

/** An answer that suits the endpoint a request names; for tests that only need *some* good answer. */
export function answerFor(target: string, isStream: boolean): Script {
  if (target.endsWith("/embeddings")) return embeddings();
  if (target.endsWith("/responses") && isStream) return responsesStream();
  return isStream ? chatStream({ usage: EXAMPLE_USAGE }) : chatCompletion();
}
