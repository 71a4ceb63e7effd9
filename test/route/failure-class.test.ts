import { describe, expect, test } from "bun:test";
import { GatewayError, type ErrorCode, type UpstreamErrorType } from "../../src/errors.ts";
import type { FailureClass } from "../../src/policy.ts";
import { classifyBody, classifyError, classifyStatus } from "../../src/route/failure-class.ts";

/** What providers say: who says it, behind which status, and where it was seen. `recorded`: an answer as it came, from published test recordings. */
const SAID: readonly (readonly [who: string, status: number, FailureClass, body: string])[] = [
  // Too long.
  // https://platform.openai.com/docs/guides/error-codes; github.com/crewAIInc/crewAI-examples issue 121
  [
    "OpenAI",
    400,
    "context_window",
    `{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`,
  ],
  [
    "OpenAI, Responses",
    400,
    "context_window",
    `{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":null}}`,
  ],
  // recorded (ruby_llm: "context length exceeded")
  [
    "Anthropic",
    400,
    "context_window",
    `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3333404 tokens > 200000 maximum"}}`,
  ],
  // https://docs.claude.com/en/docs/build-with-claude/context-windows
  [
    "Anthropic, with its answer",
    400,
    "context_window",
    `{"type":"error","error":{"type":"invalid_request_error","message":"input length and \`max_tokens\` exceed context limit: 188240 + 21333 > 200000, decrease input length or \`max_tokens\` and try again"}}`,
  ],
  // https://docs.claude.com/en/api/errors
  [
    "Anthropic, in bytes",
    413,
    "context_window",
    `{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}`,
  ],
  // recorded (ruby_llm)
  [
    "Gemini",
    400,
    "context_window",
    `{"error":{"code":400,"message":"The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}`,
  ],
  // recorded (ruby_llm)
  [
    "Bedrock, Nova",
    400,
    "context_window",
    `{"message":"The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again."}`,
  ],
  // github.com/aws-samples/bedrock-chat issue 95
  ["Bedrock, Claude", 400, "context_window", `{"message":"Input is too long for requested model."}`],
  // recorded (ruby_llm)
  [
    "DeepSeek",
    400,
    "context_window",
    `{"error":{"message":"This model's maximum context length is 1048565 tokens. However, you requested 1250025 tokens (1250025 in the messages, 0 in the completion). Please reduce the length of the messages or completion.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`,
  ],
  // recorded (ruby_llm)
  [
    "Perplexity",
    400,
    "context_window",
    `{"error":{"message":"The total length of all messages is too long.","type":"too_many_prompt_tokens","code":400}}`,
  ],
  // recorded (rig)
  [
    "llama.cpp",
    400,
    "context_window",
    `{"error":{"code":400,"message":"request (2009 tokens) exceeds the available context size (512 tokens), try increasing it","n_ctx":512,"n_prompt_tokens":2009,"type":"exceed_context_size_error"}}`,
  ],
  // recorded (rig)
  [
    "llama.cpp, embeddings",
    500,
    "context_window",
    `{"error":{"code":500,"message":"input (4002 tokens) is too large to process. increase the physical batch size (current batch size: 512)","type":"server_error"}}`,
  ],
  // https://docs.mistral.ai/resources/known-limitations
  [
    "Mistral",
    400,
    "context_window",
    `{"object":"error","message":"Prompt contains 300000 tokens and 0 draft tokens, too large for model with 131072 maximum context length","type":"invalid_request_prompt","code":"3051"}`,
  ],
  // https://docs.cohere.com/reference/errors
  [
    "Cohere",
    400,
    "context_window",
    `{"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt, or enabling prompt truncating."}`,
  ],
  // https://console.groq.com/docs/errors
  [
    "Groq",
    400,
    "context_window",
    `{"error":{"message":"Please reduce the length of the messages or completion.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`,
  ],
  // github.com/huggingface/text-generation-inference, validation.rs; Together hands the same on
  [
    "TGI, Together",
    422,
    "context_window",
    `{"error":"Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= 8193. Given: 9000 \`inputs\` tokens and 100 \`max_new_tokens\`","error_type":"validation"}`,
  ],
  [
    "TGI, input alone",
    422,
    "context_window",
    `{"error":"Input validation error: \`inputs\` must have less than 4096 tokens. Given: 5000","error_type":"validation"}`,
  ],
  [
    "xAI",
    400,
    "context_window",
    `{"code":"invalid-argument","error":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}`,
  ],
  [
    "Moonshot",
    400,
    "context_window",
    `{"error":{"message":"Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)","type":"invalid_request_error"}}`,
  ],
  ["MiniMax", 400, "context_window", `{"error":{"message":"invalid params, context window exceeds limit (2013)"}}`],
  ["Ollama", 400, "context_window", `{"error":"prompt too long; exceeded max context length by 4096 tokens"}`],
  ["Ollama, embeddings", 400, "context_window", `{"error":"the input length exceeds the context length"}`],
  [
    "LM Studio",
    400,
    "context_window",
    `{"error":"Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough: tokens to keep from the initial prompt is greater than the context length"}`,
  ],
  // github.com/vllm-project/vllm, entrypoints/openai
  [
    "vLLM",
    400,
    "context_window",
    `{"object":"error","message":"The decoder prompt (length 9000) is longer than the maximum model length of 8192.","type":"BadRequestError","code":400}`,
  ],
  ["Alibaba", 400, "context_window", `{"error":{"message":"Range of input length should be [1, 129024]"}}`],
  ["Z.ai", 400, "context_window", `{"error":{"code":"1261","message":"model_context_window_exceeded"}}`],
  ["Baidu", 400, "context_window", `{"error_code":336103,"error_msg":"Prompt tokens too long"}`],
  [
    "GitHub Copilot",
    400,
    "context_window",
    `{"error":{"message":"prompt token count of 90000 exceeds the limit of 64000","code":"model_max_prompt_tokens_exceeded"}}`,
  ],
  [
    "OpenRouter",
    400,
    "context_window",
    `{"error":{"message":"This endpoint's maximum context length is 128000 tokens. However, you requested about 140000 tokens","code":400}}`,
  ],

  // Not allowed.
  // recorded (openllmetry): an error in an answer that says 200
  [
    "Azure",
    200,
    "content_policy",
    `{ "error": { "message": "The response was filtered due to the prompt triggering Azure Content management policy. Please modify your prompt and retry.", "type": null, "param": "prompt", "code": "content_filter", "status": 400, "innererror": { "code": "ResponsibleAIPolicyViolation" } } }`,
  ],
  // https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter
  [
    "Azure OpenAI",
    400,
    "content_policy",
    `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`,
  ],
  [
    "OpenAI, images",
    400,
    "content_policy",
    `{"error":{"code":"content_policy_violation","message":"Your request was rejected as a result of our safety system.","type":"invalid_request_error"}}`,
  ],
  [
    "OpenAI, newer images",
    400,
    "content_policy",
    `{"error":{"message":"Your request was rejected by the safety system.","type":"image_generation_user_error","code":"moderation_blocked"}}`,
  ],
  // https://platform.openai.com/docs/guides/reasoning#advice-on-prompting
  [
    "OpenAI, reasoning",
    400,
    "content_policy",
    `{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","code":"invalid_prompt"}}`,
  ],
  [
    "Anthropic",
    400,
    "content_policy",
    `{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}`,
  ],
  // recorded (req_llm), through OpenRouter
  [
    "xAI",
    403,
    "content_policy",
    String.raw`{"error":{"code":403,"message":"Provider returned error","metadata":{"provider_name":"xAI","raw":"{\"code\":\"The caller does not have permission to execute the specified operation\",\"error\":\"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_DATA_LEAKAGE\"}"}}}`,
  ],
  // https://openrouter.ai/docs/api-reference/errors
  [
    "OpenRouter",
    403,
    "content_policy",
    `{"error":{"code":403,"message":"openai/gpt-4o requires moderation on OpenAI. Your input was flagged for \\"violence\\"."}}`,
  ],
  // github.com/QwenLM/qwen-code issue 3145
  [
    "Alibaba",
    400,
    "content_policy",
    `{"error":{"code":"data_inspection_failed","message":"<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."}}`,
  ],
  // github.com/666ghj/BettaFish issue 273
  [
    "DeepSeek",
    400,
    "content_policy",
    `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`,
  ],
  [
    "Volcengine",
    400,
    "content_policy",
    `{"error":{"code":"InputTextSensitiveContentDetected","message":"The request failed because the input text may contain sensitive information."}}`,
  ],
  // https://docs.z.ai/api-reference/api-code
  [
    "Zhipu",
    400,
    "content_policy",
    `{"contentFilter":[{"level":1,"role":"user"}],"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}`,
  ],
  // https://platform.minimax.io/docs/api-reference/errorcode
  ["MiniMax", 400, "content_policy", `{"base_resp":{"status_code":1026,"status_msg":"input new_sensitive"}}`],
  ["a server in a country", 451, "content_policy", "Unavailable For Legal Reasons"],

  // A limit behind another status.
  // https://console.groq.com/docs/errors; a minute's tokens, in nearly the words of a window
  [
    "Groq",
    413,
    "rate_limit",
    `{"error":{"message":"Request too large for model \`llama-3\` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your message size and try again.","type":"tokens","code":"rate_limit_exceeded"}}`,
  ],
  [
    "a proxy",
    400,
    "rate_limit",
    `{"error":{"message":"Too many tokens: 30000 tokens per minute exceeded, maximum context length 8192"}}`,
  ],
  ["OpenRouter, in a stream", 200, "rate_limit", `{"error":{"code":429,"message":"Rate limit exceeded"}}`],
  // recorded (vercel-ai: an error in mid-stream)
  [
    "OpenAI, in a stream",
    200,
    "server",
    `{"type":"error","error":{"type":"server_error","message":"An error occurred while processing your request."}}`,
  ],

  // A credential behind another status.
  // recorded
  [
    "Gemini",
    400,
    "auth",
    `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`,
  ],
  // recorded
  ["Bedrock", 400, "auth", `{"message":"The security token included in the request is invalid."}`],
  // https://docs.claude.com/en/api/errors
  [
    "Anthropic, without money",
    400,
    "auth",
    `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}`,
  ],
  [
    "OpenAI, without money",
    429,
    "auth",
    `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`,
  ],
  // The same sentence, but a minute later all is well: https://ai.google.dev/gemini-api/docs/rate-limits
  [
    "Gemini, free",
    429,
    "rate_limit",
    `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}`,
  ],

  // recorded (rig)
  [
    "OpenAI, images",
    400,
    "not_found",
    `{"error":{"code":"model_not_found","message":"The requested model 'gpt-4o-mini-nonexistent-rig-test' does not exist.","param":"model","type":"invalid_request_error"}}`,
  ],
  // recorded (rig)
  [
    "OpenRouter",
    400,
    "not_found",
    `{"error":{"code":400,"message":"openai/gpt-nonexistent-routed-model is not a valid model ID"}}`,
  ],

  // The caller's own, although some of the words occur.
  // recorded (ai-gateway)
  [
    "OpenAI",
    400,
    "bad_request",
    `{"error":{"code":"empty_array","message":"Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.","param":"messages","type":"invalid_request_error"}}`,
  ],
  [
    "OpenAI, a long user",
    400,
    "bad_request",
    `{"error":{"message":"Invalid 'user': string too long. Expected a string with maximum length 64, but got a string with length 99 instead.","param":"user","code":"string_above_max_length"}}`,
  ],
  [
    "OpenAI, too many tokens asked for",
    400,
    "bad_request",
    `{"error":{"message":"max_tokens is too large: 999999. This model supports at most 16384 completion tokens.","param":"max_tokens"}}`,
  ],
  [
    "Cohere",
    422,
    "bad_request",
    `{"message":"invalid request: valid input_type must be provided with the provided model"}`,
  ],
  ["a bad gateway", 502, "server", "<html>the maximum context length of this page</html>"],
  ["a refused key", 403, "auth", `{"message":"This API key has no access to the model."}`],
];

describe("what providers say", () => {
  for (const [who, status, expected, body] of SAID) {
    test(`${who}, ${status}: ${expected} (${body.slice(0, 60)})`, () => {
      expect(classifyBody(status, body)).toBe(expected);
    });
  }

  test("is looked for at the beginning alone: a prompt that an error repeats is not searched for ever", () => {
    expect(classifyBody(400, `${" ".repeat(8_000)}prompt is too long`)).toBe("context_window");
    expect(classifyBody(400, `${" ".repeat(8_192)}prompt is too long`)).toBe("bad_request");
  });
});

describe("a status alone", () => {
  test("of each kind", () => {
    const classes: readonly (readonly [FailureClass, readonly number[]])[] = [
      ["auth", [401, 402, 403]],
      ["not_found", [404]],
      ["timeout", [408, 425]],
      ["rate_limit", [429, 498]],
      ["content_policy", [451]],
      ["bad_request", [400, 405, 406, 409, 410, 411, 413, 415, 422, 431, 499]],
      ["server", [200, 301, 307, 500, 501, 502, 503, 504, 520, 529, 599]],
    ];
    for (const [expected, statuses] of classes) {
      for (const status of statuses) expect([status, classifyStatus(status)]).toEqual([status, expected]);
    }
  });
});

describe("an error of ours", () => {
  const of = (code: ErrorCode, upstreamType?: UpstreamErrorType): FailureClass =>
    classifyError(new GatewayError(code, "x", upstreamType === undefined ? {} : { upstreamType }));

  test("counts by what went wrong upstream", () => {
    const classes: readonly (readonly [FailureClass, readonly UpstreamErrorType[]])[] = [
      ["connect", ["connect", "dns", "tls", "proxy", "timeout_connect"]],
      ["timeout", ["timeout_first_byte", "timeout_idle", "timeout_total"]],
      [
        "server",
        ["reset", "truncated", "protocol", "stream_error", "error_in_200", "content_type", "redirect", "http_5xx"],
      ],
      ["rate_limit", ["http_429"]],
      ["auth", ["auth"]],
      ["bad_request", ["http_4xx"]],
    ];
    for (const [expected, types] of classes) {
      for (const type of types) expect([type, of("upstream_error", type)]).toEqual([type, expected]);
    }
  });

  test("that understood the provider's words is what they mean, whatever the status was", () => {
    expect(of("context_window_exceeded", "http_4xx")).toBe("context_window");
    expect(of("content_policy", "error_in_200")).toBe("content_policy");
    expect(of("not_found", "http_4xx")).toBe("not_found");
  });

  test("without a word of upstream counts by its code; a fault of ours is tried nowhere else", () => {
    expect(of("upstream_timeout")).toBe("timeout");
    expect(of("upstream_truncated")).toBe("server");
    expect(of("rate_limited")).toBe("rate_limit");
    expect(of("internal")).toBe("bad_request");
    expect(of("invalid_request")).toBe("bad_request");
  });
});
