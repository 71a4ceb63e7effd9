/** What reaches Anthropic, against @anthropic-ai/sdk. */
import type Anthropic from "@anthropic-ai/sdk";
import { asChat, asResponse } from "../callers.ts";
import {
  CHAT_CALLS,
  CHAT_LOOP,
  CHAT_QUESTION,
  CHAT_TOOL,
  PNG,
  PNG_URL,
  QUESTION,
  RESPONSES_LOOP,
  RESPONSES_TOOL,
} from "../material.ts";
import { describeOracle, type OracleCase } from "../stage.ts";
import { ask, create, OPTIONS, SONNET, tool, user } from "./sdk.ts";

const loop: Anthropic.MessageParam[] = [
  ask,
  {
    role: "assistant",
    content: [
      { type: "text", text: "Let me look." },
      { type: "tool_use", id: "call_paris", name: "weather", input: { city: "Paris" } },
      { type: "tool_use", id: "call_rome", name: "weather", input: { city: "Rome" } },
    ],
  },
  user([
    { type: "tool_result", tool_use_id: "call_paris", content: "18 degrees" },
    { type: "tool_result", tool_use_id: "call_rome", content: "24 degrees" },
  ]),
];

const CASES: readonly OracleCase<Anthropic>[] = [
  {
    name: "a tool loop with two calls at once",
    model: SONNET,
    sdk: create({ max_tokens: 100, messages: loop, tools: [tool] }),
    callers: [
      asChat({ max_tokens: 100, messages: CHAT_LOOP, tools: [CHAT_TOOL] }),
      asResponse({ max_output_tokens: 100, input: RESPONSES_LOOP, tools: [RESPONSES_TOOL] }),
    ],
  },
  {
    name: "a tool loop whose calls stand alone, and a question behind the results",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [
        ask,
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "call_paris", name: "weather", input: { city: "Paris" } }],
        },
        user([
          { type: "tool_result", tool_use_id: "call_paris", content: "18 degrees" },
          { type: "text", text: "And Rome?" },
        ]),
      ],
      tools: [tool],
    }),
    callers: [
      asChat({
        max_tokens: 100,
        messages: [
          ...CHAT_QUESTION,
          { role: "assistant", content: null, tool_calls: [CHAT_CALLS.tool_calls[0]] },
          { role: "tool", tool_call_id: "call_paris", content: "18 degrees" },
          { role: "user", content: "And Rome?" },
        ],
        tools: [CHAT_TOOL],
      }),
    ],
  },
  {
    name: "a tool's result with an image",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [
        ask,
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "call_paris", name: "weather", input: { city: "Paris" } }],
        },
        user([
          {
            type: "tool_result",
            tool_use_id: "call_paris",
            content: [
              { type: "text", text: "The radar:" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
            ],
          },
        ]),
      ],
      tools: [tool],
    }),
    callers: [
      asResponse({
        max_output_tokens: 100,
        input: [
          { role: "user", content: QUESTION },
          { type: "function_call", call_id: "call_paris", name: "weather", arguments: '{"city":"Paris"}' },
          {
            type: "function_call_output",
            call_id: "call_paris",
            output: [
              { type: "input_text", text: "The radar:" },
              { type: "input_image", image_url: PNG_URL },
            ],
          },
        ],
        tools: [RESPONSES_TOOL],
      }),
    ],
  },
  {
    name: "a web search",
    model: SONNET,
    sdk: create({
      max_tokens: 100,
      messages: [ask],
      tools: [
        {
          type: "web_search_20250305",
          name: "web_search",
          allowed_domains: ["example.com"],
          user_location: { type: "approximate", country: "FR", city: "Paris" },
        },
      ],
    }),
    callers: [
      asResponse({
        max_output_tokens: 100,
        input: QUESTION,
        tools: [
          {
            type: "web_search",
            filters: { allowed_domains: ["example.com"] },
            user_location: { type: "approximate", country: "FR", city: "Paris" },
          },
        ],
      }),
    ],
  },
];

describeOracle("Anthropic gets what its SDK sends: tool-results", OPTIONS, CASES);
