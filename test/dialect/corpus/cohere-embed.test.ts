import { describeApi } from "./describe-api.ts";

describeApi("cohere-embed");
