import { describeApi } from "./describe-api.ts";

describeApi("anthropic-count-tokens");
