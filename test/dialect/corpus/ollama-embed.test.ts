import { describeApi } from "./describe-api.ts";

describeApi("ollama-embed");
