import { describeApi } from "./describe-api.ts";

describeApi("openai-embeddings");
