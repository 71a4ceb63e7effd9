import { describe, expect, test } from "bun:test";
import { readTokenAnswer } from "../../../src/provider/token/read-token.ts";

const NOW_MS = 1_700_000_000_000;

function read(body: unknown, status = 200) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readTokenAnswer(
    { status, text, header: () => null },
    { whose: "Example", what: "the token service", nowMs: NOW_MS },
  );
}

describe("a token service's answer", () => {
  test("gives the token and its end, however that is said", () => {
    const at = (fields: object): number | null => read({ access_token: "t", ...fields }).expiresAtMs;
    expect(read({ access_token: "example-token", expires_in: 3_599 }).value.reveal()).toBe("example-token");
    expect(at({ expires_in: 3_599 })).toBe(NOW_MS + 3_599_000);
    expect(at({ expires_in: "3599" })).toBe(NOW_MS + 3_599_000);
    expect(at({ expires_on: "1700003600" })).toBe(1_700_003_600_000);
    expect(at({ expires_in: 60, expires_on: "1700003600" })).toBe(NOW_MS + 60_000);
    for (const silent of [{}, { expires_in: null }, { expires_in: "soon" }, { expires_in: -1 }]) {
      expect(at(silent)).toBe(NOW_MS + 600_000);
    }
  });

  test("that is an error says the service's word for it, and keeps its sentence for the log", () => {
    const entra = {
      error: "invalid_client",
      error_description: "AADSTS7000215: Invalid client secret provided: canary-secret",
    };
    const error = expectThrown(() => read(entra, 401));
    expect(error.message).toBe(
      "Example credentials: the token service answered with status 401 (invalid_client, AADSTS7000215) and no token.",
    );
    expect((error.cause as Error).message).toContain("canary-secret");
    expect(() => read({ error: { status: "PERMISSION_DENIED", message: "canary" } }, 403)).toThrow(
      "status 403 (PERMISSION_DENIED) and no token",
    );
    expect(() => read({ error: "no word, but a sentence with canary in it" }, 400)).toThrow("status 400 and no token");
  });

  test("without a token, or with one that no header can hold, is refused", () => {
    for (const wrong of ["<html>", {}, { access_token: 5 }, [], ""]) expect(() => read(wrong)).toThrow("and no token");
    for (const token of ["", "two words", "line\r\nx-evil: 1", "ключ", "x".repeat(40_000)]) {
      expect(() => read({ access_token: token })).toThrow("no header can hold");
    }
  });
});

function expectThrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("expected an error");
}
