import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** Lepton AI: every model had a host of its own, https://{model}.lepton.run/api/v1, so the config names it. */
export default defineProvider({
  id: "lepton",
  name: "Lepton AI",
  baseUrl: null,
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["LEPTON_API_KEY", "LEPTON_API_TOKEN"] },
  source: "https://github.com/leptonai/leptonai",
  unchecked: `The company became a part of NVIDIA in 2025; whether any host still answers was not checked. ${ADDRESS_FROM_PROGRAMS}`,
});
