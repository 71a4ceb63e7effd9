import { ANTHROPIC_VERSION_HEADER } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { makeSnowflakeAuthorizer } from "./snowflake-token.ts";

/** Snowflake Cortex: chat completions for every model, Anthropic's Messages API for Claude. */
export default defineProvider({
  id: "snowflake",
  name: "Snowflake Cortex",
  baseUrl: "https://{account}.snowflakecomputing.com",
  surfaces: [
    {
      dialect: "anthropic-messages",
      models: /^claude-/,
      endpoints: { messages: "/api/v2/cortex/v1/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    {
      dialect: "openai-chat",
      models: /^claude-/,
      endpoints: { "chat.completions": "/api/v2/cortex/v1/chat/completions" },
      // As recorded: Claude's reasoning is asked for, and comes back, in OpenRouter's way.
      quirks: { reasoning: "reasoning-object" },
    },
    { dialect: "openai-chat", endpoints: { "chat.completions": "/api/v2/cortex/v1/chat/completions" } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SNOWFLAKE_PAT", "SNOWFLAKE_TOKEN"] },
  makeAuthorizer: makeSnowflakeAuthorizer,
  settings: [
    {
      key: "account",
      env: ["SNOWFLAKE_ACCOUNT"],
      default: null,
      expected: "an account identifier such as myorg-myaccount",
    },
  ],
  source: [
    "https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
    "https://docs.snowflake.com/en/developer-guide/snowflake-rest-api/authentication",
    "https://docs.snowflake.com/en/developer-guide/sql-api/authenticating",
  ],
  unchecked:
    "Which kind a token is, Snowflake finds out by itself; X-Snowflake-Authorization-Token-Type can be set under headers. Embeddings have an API of their own (inference:embed). Encrypted private keys are not read.",
});
