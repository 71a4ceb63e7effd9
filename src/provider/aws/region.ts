import type { ProviderSetting } from "../define.ts";

/** The region whose host is called and for which requests are signed. */
export const AWS_REGION: ProviderSetting = {
  key: "region",
  env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  default: null,
  expected: "an AWS region such as eu-central-1",
};
