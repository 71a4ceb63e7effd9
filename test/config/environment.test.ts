import { expect, test } from "bun:test";
import { expandEnvironment } from "../../src/config/environment.ts";

const ENV = { A: "one", B: "", _c1: "${A}" };

test.each([
  ["plain $A text", { kind: "plain", text: "plain $A text" }],
  ["$${A}", { kind: "plain", text: "${A}" }],
  ["${A}", { kind: "expanded", text: "one", isWhole: true }],
  ["-${A}-${B}-", { kind: "expanded", text: "-one--", isWhole: false }],
  ["${_c1}", { kind: "expanded", text: "${A}", isWhole: true }],
  ["$${A}${A}", { kind: "expanded", text: "${A}one", isWhole: false }],
  ["${A}${A}", { kind: "expanded", text: "oneone", isWhole: false }],
] as const)("%s is expanded once", (text, expansion) => {
  expect(expandEnvironment(text, ENV)).toEqual(expansion);
});

test.each(["${NONE}", "${toString}", "${A", "${}", "${A-B}", "${1}", "${ A }"])("%s is a problem", (text) => {
  expect(expandEnvironment(text, ENV).kind).toBe("problem");
});
