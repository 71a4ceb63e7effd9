import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProviderFiles, writeRegistrySource } from "../../src/provider/generate-registry.ts";
import { PROVIDERS } from "../../src/provider/registry.gen.ts";

const FOLDER = join(import.meta.dir, "..", "..", "src", "provider");

test("the registry is what the generator makes of the folder", async () => {
  const files = await findProviderFiles(FOLDER);
  expect(await Bun.file(join(FOLDER, "registry.gen.ts")).text()).toBe(
    writeRegistrySource(files.map(({ name }) => name)),
  );
  expect([...PROVIDERS.keys()]).toEqual(files.map(({ definition }) => definition.id));
});

describe("every provider", () => {
  for (const [id, provider] of PROVIDERS) {
    test(`${id} is complete`, () => {
      expect(provider.id).toBe(id);
      expect(id).toMatch(/^[a-z0-9-]+$/);
      expect(provider.dialect).not.toBe("");
      expect(provider.source).not.toBe("");
      if (provider.baseUrl !== null) expect(provider.baseUrl).toMatch(/^https?:\/\/[^/]+(\/.*[^/])?$/);
      // A header name goes onto the wire as it stands here.
      if (provider.credential !== null) expect(provider.credential.header).toMatch(/^[a-z0-9-]+$/);
    });
  }
});

test("a file that defines a provider of another name is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llmux-registry-"));
  try {
    await Bun.write(join(folder, "right.ts"), `export default { id: "right" };\n`);
    await Bun.write(join(folder, "machinery.ts"), `export const provider = 1;\n`);
    expect((await findProviderFiles(folder)).map(({ name }) => name)).toEqual(["right"]);
    await Bun.write(join(folder, "wrong.ts"), `export default { id: "other" };\n`);
    await expect(findProviderFiles(folder)).rejects.toThrow(
      'src/provider/wrong.ts should define the provider "wrong", got "other"',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a provider's file name becomes a variable's name", () => {
  const source = writeRegistrySource(["openai-compatible"]);
  expect(source).toContain(`import openaiCompatible from "./openai-compatible.ts";`);
  expect(source).toContain("[openaiCompatible.id, openaiCompatible],");
});
