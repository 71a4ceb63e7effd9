import { describeApi } from "./describe-api.ts";

describeApi("gemini-count-tokens");
