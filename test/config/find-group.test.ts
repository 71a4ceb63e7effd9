import { describe, expect, test } from "bun:test";
import { canReach, findGroup } from "../../src/config/find-group.ts";

const GROUPS = new Set(["gpt-4o", "local/*", "local/big/*", "team-*"]);
const PROVIDERS = new Set(["openai", "local-2"]);

describe("the group of a name", () => {
  test.each([
    ["gpt-4o", "gpt-4o"],
    ["local/small", "local/*"],
    ["local/big/one", "local/big/*"],
    ["team-a", "team-*"],
    ["gpt-4o-mini", null],
    // Nothing is left for the star.
    ["local/", null],
  ])("%s: %s", (name, group) => {
    expect(findGroup(name, GROUPS)).toBe(group);
  });
});

describe("a key's model reaches something", () => {
  test.each([
    "gpt-4o",
    "local/small",
    "local/*",
    "local/b*",
    "lo*",
    "*",
    "team-a*",
    "openai/gpt-4o",
    "openai/*",
    "openai/gpt*",
    "open*",
    "local-2/x",
  ])("%s", (pattern) => {
    expect(canReach(pattern, GROUPS, PROVIDERS)).toBe(true);
  });

  test.each(["gpt-4o-mini", "openai", "openai/", "claude*", "azure/x", "azure/*", "openai-2/x"])(
    "%s does not",
    (pattern) => {
      expect(canReach(pattern, GROUPS, PROVIDERS)).toBe(false);
    },
  );
});
