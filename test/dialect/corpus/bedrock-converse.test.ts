import { describeApi } from "./describe-api.ts";

describeApi("bedrock-converse");
