import { describe, expect, test } from "bun:test";
import { unwrapOpaque, wrapOpaque } from "../../src/dialect/opaque.ts";

describe("what only its own provider understands", () => {
  test("is raw in its own dialect", () => {
    expect(wrapOpaque({ owner: "anthropic", data: "EqQB+/=" }, "anthropic")).toBe("EqQB+/=");
    expect(unwrapOpaque("EqQB+/=", "anthropic")).toEqual({ owner: "anthropic", data: "EqQB+/=" });
  });

  for (const form of ["text", "base64"] as const) {
    test(`comes back byte for byte through another's ${form} field`, () => {
      const opaque = { owner: "google", data: "CiQB+/= é\u0000" } as const;
      const wrapped = wrapOpaque(opaque, "anthropic", form);
      expect(wrapped).not.toContain(opaque.data);
      if (form === "base64") expect(Buffer.from(wrapped, "base64").toString("base64")).toBe(wrapped);
      expect(unwrapOpaque(wrapped, "anthropic", form)).toEqual(opaque);
    });
  }

  test("is not unwrapped where the mark only looks like ours", () => {
    for (const text of ["llmux.", "llmux.nobody.AAAA", "llmux.google"]) {
      expect(unwrapOpaque(text, "openai")).toEqual({ owner: "openai", data: text });
    }
  });
});
