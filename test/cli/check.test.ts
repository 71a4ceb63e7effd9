import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "llmux-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeConfig(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("check", () => {
  test("a valid config is exit code 0, with what it makes", async () => {
    const path = writeConfig(
      "valid.yaml",
      `listen: { unix: { path: /tmp/llmux.sock }, http: null, ops: 127.0.0.1:4001 }
providers:
  local: { provider: openai-compatible, base_url: http://127.0.0.1:8000/v1 }
  openai: { api_key: "\${OPENAI_API_KEY}" }
models:
  "local/*": { deployments: [{ provider: local, model: "*" }] }
`,
    );
    const { code, out, err } = await runCli(["check", path], { env: { OPENAI_API_KEY: "sk-example" } });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toStartWith(
      `${path} is valid: 2 providers, 1 model, listens on unix:/tmp/llmux.sock, ops 127.0.0.1:4001`,
    );
    expect(out).not.toContain("sk-example");
  });

  test("an invalid config is exit code 2, with the place of every problem", async () => {
    const path = writeConfig(
      "invalid.yaml",
      `providers:\n  local: { provider: openai-compatible, base_url: 7 }\nmodls: {}\n`,
    );
    const { code, out, err } = await runCli(["check", path]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(`${path}:2:`);
    expect(err).toContain(`${path}:3:1`);
    expect(err).toContain(`did you mean "models"?`);
  });

  test("a file that is not there is exit code 2 and named", async () => {
    const { code, err } = await runCli(["check", join(folder, "none.yaml")]);
    expect(code).toBe(2);
    expect(err).toContain(join(folder, "none.yaml"));
  });

  test("a variable that is not set is a problem here as it is at start", async () => {
    const path = writeConfig("unset.yaml", `providers: { openai: { api_key: "\${LLMUX_NOT_SET}" } }\n`);
    const { code, err } = await runCli(["check", path]);
    expect(code).toBe(2);
    expect(err).toContain("LLMUX_NOT_SET");
  });
});
