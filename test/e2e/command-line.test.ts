import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatStream, EXAMPLE_USAGE } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { findExecutable } from "../instruments/executable.ts";
import { describeWithExecutable, runExecutable, UPSTREAM_KEY } from "./fixture.ts";

describeWithExecutable("the executable's commands", (stage) => {
  test("chat streams an answer over the socket, over TCP and by LLMUX_SOCKET", async () => {
    const { gateway, upstream } = stage();
    upstream.respond = () => chatStream({ chunks: ["Grü", "ße"], usage: EXAMPLE_USAGE });
    const answered = { code: 0, out: "Grüße\n", err: "" };
    expect(await runExecutable(["chat", "Hello", "--socket", gateway.socketPath])).toEqual(answered);
    expect(await runExecutable(["chat", "Hello", "--http", `127.0.0.1:${gateway.httpPort}`])).toEqual(answered);
    expect(await runExecutable(["chat", "Hello"], { LLMUX_SOCKET: gateway.socketPath })).toEqual(answered);
    expect(await runExecutable(["chat", "Hi", "--model", "local/x", "--socket", gateway.socketPath])).toEqual(answered);
  });

  test("chat fails when the stream breaks or the model is unknown", async () => {
    const { gateway, upstream } = stage();
    upstream.respond = () => faults.finMidStream();
    const broken = await runExecutable(["chat", "Hello", "--socket", gateway.socketPath]);
    expect(broken).toMatchObject({
      code: 1,
      out: "Hello\n",
      err: expect.stringContaining("the stream broke after 5 characters"),
    });
    const unknown = await runExecutable(["chat", "Hello", "--model", "nobody-knows", "--socket", gateway.socketPath]);
    expect(unknown).toMatchObject({ code: 1, out: "", err: expect.stringContaining("model_not_found") });
  });

  test("probe and wait answer over the socket and over the ops port", async () => {
    const { gateway } = stage();
    const fine = { code: 0, out: "", err: "" };
    for (const place of [
      ["--socket", gateway.socketPath],
      ["--ops", `127.0.0.1:${gateway.opsPort}`],
    ]) {
      expect(await runExecutable(["probe", "live", ...place])).toEqual(fine);
      expect(await runExecutable(["probe", "ready", ...place])).toEqual(fine);
      expect(await runExecutable(["wait", "--timeout", "5s", ...place])).toEqual(fine);
    }
    const none = `${gateway.socketPath}-none`;
    expect(await runExecutable(["probe", "live", "--socket", none])).toMatchObject({ code: 1 });
    expect(await runExecutable(["wait", "--socket", none, "--timeout", "100ms"])).toMatchObject({ code: 1 });
  });

  test("check says valid with 0 and invalid with 2, as serve does", async () => {
    const { gateway } = stage();
    expect(await runExecutable(["check", gateway.configPath])).toMatchObject({
      code: 0,
      out: expect.stringContaining("1 provider, 2 models"),
    });
    const folder = mkdtempSync(join(tmpdir(), "llmux-e2e-"));
    try {
      const path = join(folder, "llmux.yaml");
      writeFileSync(path, `providers: { fake: { base_ulr: x, api_key: "${UPSTREAM_KEY}" } }\n`);
      for (const argv of [
        ["check", path],
        ["serve", "--config", path],
      ]) {
        const { code, out, err } = await runExecutable(argv);
        expect(code).toBe(2);
        expect(err + out).toContain(`${path}:1:`);
        expect(err + out).not.toContain(UPSTREAM_KEY);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("wrong usage is 2, help and version are 0", async () => {
    expect(await runExecutable([])).toMatchObject({ code: 2, out: "" });
    expect(await runExecutable(["serv"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean serve?"),
    });
    expect(await runExecutable(["serve", "--cofnig", "x"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--config"),
    });
    expect(await runExecutable(["help"])).toMatchObject({ code: 0, err: "" });
    expect((await runExecutable(["version"])).out).toMatch(
      /^llmux \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-changed)?|unknown), /,
    );
  });

  test("it cannot be made to be Bun, and runs no code that the environment names", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llmux-e2e-"));
    try {
      const mark = join(folder, "mark");
      const script = join(folder, "script.js");
      writeFileSync(script, `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "ran");\n`);
      writeFileSync(join(folder, "bunfig.toml"), `preload = [${JSON.stringify(script)}]\n`);
      writeFileSync(join(folder, ".env"), "LLMUX_SOCKET=/from-dotenv\n");
      expect((await runExecutable(["--version"], { BUN_BE_BUN: "1" })).out).toStartWith("llmux ");
      expect((await runExecutable(["-e", "console.log('ran')"], { BUN_BE_BUN: "1" })).code).toBe(2);
      for (const env of [
        { BUN_OPTIONS: `--preload ${script}` },
        { BUN_OPTIONS: `-e 'require("fs").writeFileSync("${mark}", "ran")'` },
        { BUN_INSPECT_PRELOAD: script },
        { NODE_OPTIONS: `--require ${script}` },
      ]) {
        await runExecutable(["version"], env);
        expect({ env, ran: existsSync(mark) }).toEqual({ env, ran: false });
      }
      // What stands in the folder it is started from changes nothing either.
      const child = Bun.spawn([findExecutable() ?? "", "probe", "live", "--timeout", "200ms"], {
        cwd: folder,
        env: {},
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      expect(await child.stderr.text()).not.toContain("/from-dotenv");
      await child.exited;
      expect(existsSync(mark)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("a reader that leaves ends chat, not the gateway", async () => {
    const { gateway, upstream } = stage();
    upstream.respond = () => chatStream({ chunks: Array.from({ length: 2000 }, () => "word ".repeat(100)) });
    const chat = `"$0" chat Hello --socket "$1" | head -c 10`;
    const child = Bun.spawn(["sh", "-c", chat, findExecutable() ?? "", gateway.socketPath], {
      stdin: "ignore",
      stdout: "pipe",
    });
    expect(await child.stdout.text()).toBe("word word ");
    await child.exited;
    expect((await runExecutable(["probe", "ready", "--socket", gateway.socketPath])).code).toBe(0);
  });
});
