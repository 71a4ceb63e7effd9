import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { ADDRESS_FROM_PROGRAMS } from "./unchecked.ts";

/** iFlytek Spark: its own models; the key is the APIPassword. */
export default defineProvider({
  id: "spark",
  name: "iFlytek Spark",
  baseUrl: "https://spark-api-open.xf-yun.com/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["SPARK_API_KEY", "XFYUN_API_KEY"] },
  source: "https://www.xfyun.cn/doc/spark/HTTP%E8%B0%83%E7%94%A8%E6%96%87%E6%A1%A3.html",
  unchecked: `Key variables are our choice among those in public programs; newer models have paths /v2 and /x1. ${ADDRESS_FROM_PROGRAMS}`,
});
