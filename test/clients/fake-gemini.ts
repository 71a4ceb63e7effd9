/** A fake of Gemini's generateContent: https://ai.google.dev/api/generate-content. Its calls have no ids, and are signed where it thought before. */
import {
  type Asked,
  type AskedSchema,
  checkMembers,
  type ErrorAnswer,
  type FakeDialect,
  FakeRefusal,
  type FakeRequest,
  type Reply,
  type ReturnedReasoning,
  sse,
  type ToolTurn,
} from "./fake-dialect.ts";
import {
  COUNTED_TOKENS,
  EMBED_INPUTS,
  EMBED_VECTORS,
  type ErrorKind,
  MIDSTREAM_MESSAGE,
  REASONING_PIECES,
  REASONING_TEXT,
  RETRY_AFTER_SECONDS,
  SIGNATURES,
  type UsageFacts,
} from "./facts.ts";
import { at, isThere, list, textOf } from "./json-path.ts";

const RESPONSE_ID = "exampleFakeResponseId00";
const SIGNATURE = SIGNATURES.gemini as string;
/** Said in a signature's place by those who have none: https://ai.google.dev/gemini-api/docs/thought-signatures#faqs */
const NO_SIGNATURE = "skip_thought_signature_validator";
const PATH =
  /^\/v1beta\/models\/([^/:?]+):(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)(\?alt=sse)?$/;

const MEMBERS = [
  "contents",
  "systemInstruction",
  "tools",
  "toolConfig",
  "safetySettings",
  "generationConfig",
  "cachedContent",
  "serviceTier",
];

const contents = (body: unknown): readonly unknown[] => list(at(body, "contents"));
const parts = (content: unknown): readonly unknown[] => list(at(content, "parts"));
const isModel = (content: unknown): boolean => at(content, "role") === "model";

function recognise({ path, body }: FakeRequest): Asked {
  const match = PATH.exec(path);
  if (match === null) throw new FakeRefusal(`no path ${path}`);
  const model = match[1] as string;
  if (match[2] === "batchEmbedContents") return { operation: "embed", model, isStream: false };
  if (match[2] === "countTokens") {
    checkMembers("", body, ["contents", "generateContentRequest"]);
    return { operation: "count", model, isStream: false };
  }
  if (match[2] !== "generateContent" && match[2] !== "streamGenerateContent")
    throw new FakeRefusal(`no ${match[2]} here`);
  const isStream = match[2] === "streamGenerateContent";
  if (isStream !== (match[3] !== undefined)) throw new FakeRefusal("expected alt=sse with streams, and only with them");
  checkMembers("", body, MEMBERS);
  if (contents(body).length === 0)
    throw new FakeRefusal("* GenerateContentRequest.contents: contents is not specified");
  for (const content of contents(body)) {
    if (!["user", "model"].includes(textOf(at(content, "role")))) {
      throw new FakeRefusal("Please use a valid role: user, model.");
    }
    if (parts(content).length === 0) throw new FakeRefusal("must include at least one parts field");
  }
  return { operation: "generate", model, isStream };
}

function readTools(body: unknown): ToolTurn {
  const all = contents(body).flatMap(parts);
  const calls = all.filter((part) => isThere(at(part, "functionCall")));
  const results = all.filter((part) => isThere(at(part, "functionResponse")));
  const idOf = (part: unknown): string | null => textOf(at(part, "id")) || null;
  return {
    tools: list(at(body, "tools"))
      .flatMap((tool) => list(at(tool, "functionDeclarations")))
      .map((declaration) => ({
        name: textOf(at(declaration, "name")),
        parameters: at(declaration, "parametersJsonSchema") ?? at(declaration, "parameters"),
      })),
    calls: calls.map((part) => ({
      id: idOf(at(part, "functionCall")),
      name: textOf(at(part, "functionCall", "name")),
      arguments: at(part, "functionCall", "args"),
    })),
    results: results.map((part) => {
      const response = at(part, "functionResponse", "response");
      if (typeof response !== "object" || response === null || Array.isArray(response)) {
        throw new FakeRefusal(
          "Invalid value at 'function_response.response' (type.googleapis.com/google.protobuf.Struct)",
        );
      }
      return {
        id: idOf(at(part, "functionResponse")),
        name: textOf(at(part, "functionResponse", "name")),
        text: JSON.stringify(response),
      };
    }),
  };
}

function readSchema(body: unknown): AskedSchema | null {
  const config = at(body, "generationConfig");
  const schema = at(config, "responseJsonSchema") ?? at(config, "responseSchema");
  if (schema === undefined) return null;
  if (at(config, "responseMimeType") !== "application/json") {
    throw new FakeRefusal("response schema requires responseMimeType application/json");
  }
  return { kind: "field", schema };
}

function readReasoning(body: unknown): ReturnedReasoning | null {
  const model = contents(body).findLast(isModel);
  for (const part of parts(model)) {
    const text = textOf(at(part, "text"));
    if (at(part, "thought") === true && text !== "" && text !== REASONING_TEXT) {
      throw new FakeRefusal(`expected the thought itself, got ${JSON.stringify(part)}`);
    }
  }
  const [firstCall] = parts(model).filter((part) => isThere(at(part, "functionCall")));
  if (firstCall !== undefined && !isThere(at(firstCall, "thoughtSignature"))) {
    throw new FakeRefusal(
      "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.",
    );
  }
  const signatures = parts(model)
    .map((part) => textOf(at(part, "thoughtSignature")))
    .filter((signature) => signature !== "" && signature !== NO_SIGNATURE);
  return signatures.length === 0 ? null : { text: REASONING_TEXT, signature: signatures.join() };
}

function writeUsage({ input, output, cached, reasoning }: UsageFacts): object {
  return {
    promptTokenCount: input,
    candidatesTokenCount: output - reasoning,
    totalTokenCount: input + output,
    ...(cached === 0
      ? {}
      : { cachedContentTokenCount: cached, cacheTokensDetails: [{ modality: "TEXT", tokenCount: cached }] }),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
    ...(reasoning === 0 ? {} : { thoughtsTokenCount: reasoning }),
  };
}

function writeResponse(written: readonly object[], isLast: boolean, usage: UsageFacts, asked: Asked): object {
  return {
    candidates: [{ content: { parts: written, role: "model" }, ...(isLast ? { finishReason: "STOP" } : {}), index: 0 }],
    usageMetadata: writeUsage(usage),
    modelVersion: asked.model,
    responseId: RESPONSE_ID,
  };
}

/** Calls come whole; where it thought, the first of them carries the signature. */
function writeCalls({ reasoning, calls }: Reply): object[] {
  return calls.map((call, index) => ({
    functionCall: { name: call.name, args: call.arguments },
    ...(reasoning && index === 0 ? { thoughtSignature: SIGNATURE } : {}),
  }));
}

function writeWhole(reply: Reply, asked: Asked): object {
  const { reasoning, pieces, calls, usage } = reply;
  const written = [
    ...(reasoning ? [{ text: REASONING_TEXT, thought: true }] : []),
    ...(pieces.length === 0
      ? []
      : [{ text: pieces.join(""), ...(reasoning && calls.length === 0 ? { thoughtSignature: SIGNATURE } : {}) }]),
    ...writeCalls(reply),
  ];
  return writeResponse(written, true, usage, asked);
}

function writeStream(reply: Reply, asked: Asked): string[] {
  const { reasoning, pieces, calls, usage } = reply;
  const chunks: object[][] = [];
  if (reasoning) for (const text of REASONING_PIECES) chunks.push([{ text, thought: true }]);
  for (const text of pieces) chunks.push([{ text }]);
  if (calls.length > 0) chunks.push(writeCalls(reply));
  // The signature of a text comes last, in a part without words.
  else if (reasoning) chunks.push([{ text: "", thoughtSignature: SIGNATURE }]);
  return chunks.map((chunk, index) => sse(writeResponse(chunk, index === chunks.length - 1, usage, asked)));
}

function error(
  code: number,
  status: string,
  message: string,
  options: { readonly details?: readonly object[]; readonly callerStatus?: number } = {},
): ErrorAnswer {
  const { details } = options;
  return {
    status: code,
    callerStatus: options.callerStatus ?? code,
    message,
    body: { error: { code, message, status, ...(details === undefined ? {} : { details }) } },
  };
}

const errors: Readonly<Record<ErrorKind, ErrorAnswer>> = {
  authentication: error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", {
    callerStatus: 401,
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "API_KEY_INVALID",
        domain: "googleapis.com",
        metadata: { service: "generativelanguage.googleapis.com" },
      },
    ],
  }),
  permission: error(403, "PERMISSION_DENIED", "Permission denied on resource project example."),
  "not-found": error(
    404,
    "NOT_FOUND",
    "models/error-not-found is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
  ),
  "rate-limit": error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota. Please retry in 3s.", {
    details: [
      { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId: "RequestsPerMinute" }] },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${RETRY_AFTER_SECONDS}s` },
    ],
  }),
  "context-window": error(
    400,
    "INVALID_ARGUMENT",
    "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
  ),
  "content-policy": error(
    400,
    "INVALID_ARGUMENT",
    "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices.",
  ),
  overloaded: error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
  billing: error(
    429,
    "RESOURCE_EXHAUSTED",
    "Your prepayment credits are depleted. Please go to AI Studio to manage your billing.",
  ),
  server: error(500, "INTERNAL", "An internal error has occurred. Please retry."),
};

export const gemini: FakeDialect = {
  id: "gemini",
  basePath: "",
  streamType: "text/event-stream",
  recognise,
  readTools,
  readSchema,
  readImages: (body) =>
    contents(body)
      .flatMap(parts)
      .filter((part) => isThere(at(part, "inlineData")))
      .map((part) => ({
        mediaType: textOf(at(part, "inlineData", "mimeType")),
        data: textOf(at(part, "inlineData", "data")),
      })),
  asksForReasoning: (body) => {
    const config = at(body, "generationConfig", "thinkingConfig");
    return isThere(at(config, "thinkingBudget")) || isThere(at(config, "thinkingLevel"));
  },
  readReasoning,
  hasAssistant: (body) => contents(body).some(isModel),
  writeWhole,
  writeStream,
  writeBrokenStream: (reply, asked) => [
    sse(writeResponse([{ text: reply.pieces.join("") }], false, reply.usage, asked)),
    sse({ error: { code: 503, message: MIDSTREAM_MESSAGE, status: "UNAVAILABLE" } }),
  ],
  errors,
  writeRefusal: (message) => ({ error: { code: 400, message, status: "INVALID_ARGUMENT" } }),
  count: () => ({
    totalTokens: COUNTED_TOKENS,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: COUNTED_TOKENS }],
  }),
  embed: (body) => {
    const texts = list(at(body, "requests")).map((request) => at(request, "content", "parts", 0, "text"));
    if (!Bun.deepEquals([...texts], [...EMBED_INPUTS])) throw new FakeRefusal("expected the two texts of these tests");
    return { embeddings: EMBED_VECTORS.map((values) => ({ values })) };
  },
};
