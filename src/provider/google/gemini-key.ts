import type { Authorizer } from "../../exchange.ts";
import type { AuthorizerInput } from "../define.ts";
import { tokenError } from "../token/access-token.ts";
import { keyAuthorizer } from "../token/bearer-authorizer.ts";

const COMPATIBLE = "/v1beta/openai/";

/** AI Studio's key: in Google's own header, and as a bearer key where OpenAI's API is spoken. https://ai.google.dev/gemini-api/docs/openai */
export function makeGeminiAuthorizer({ apiKey }: AuthorizerInput): Authorizer {
  if (apiKey === null) throw tokenError("Gemini", "expected an API key, got none.");
  const own = keyAuthorizer("Gemini", "x-goog-api-key", "", apiKey);
  const compatible = keyAuthorizer("Gemini", "authorization", "Bearer", apiKey);
  return {
    authorize: (request) => (request.path.includes(COMPATIBLE) ? compatible : own).authorize(request),
    // It is what the config says: nothing newer can be fetched.
    invalidate: () => {},
  };
}
