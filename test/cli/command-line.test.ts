import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runCli } from "./run-cli.ts";

describe("the command line", () => {
  test("help lists every command and the exit codes", async () => {
    const { code, out } = await runCli(["help"]);
    expect(code).toBe(0);
    for (const name of COMMANDS.keys()) expect(out).toContain(`  ${name} `);
    expect(out).toContain("Exit codes: 0 it worked; 1 it failed; 2 wrong usage");
    for (const alias of ["--help", "-h"]) expect((await runCli([alias])).out).toBe(out);
  });

  test("every command explains its flags with --help, with -h and through help", async () => {
    for (const [name, entry] of COMMANDS) {
      const command = await entry.load();
      expect(command.name).toBe(name);
      const { code, out } = await runCli([name, "--help"]);
      expect(code).toBe(0);
      expect(out).toStartWith(`Usage: llmux ${name}`);
      for (const flag of Object.keys(command.flags)) expect(out).toContain(`--${flag}`);
      expect((await runCli([name, "-h"])).out).toBe(out);
      expect((await runCli(["help", name])).out).toBe(out);
    }
  });

  test("version names version, commit and runtime", async () => {
    const { code, out } = await runCli(["version"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^llmux \S+ \(commit \S+, bun \d+\.\d+\.\d+, \S+\)\n$/);
    for (const alias of ["--version", "-v"]) expect((await runCli([alias])).out).toBe(out);
  });

  test("without a command it shows the overview and fails as wrong usage", async () => {
    const { code, out, err } = await runCli([]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("Commands:");
  });

  test("an unknown command is wrong usage and names the nearest one", async () => {
    expect(await runCli(["chekc"])).toMatchObject({ code: 2, err: expect.stringContaining("did you mean check?") });
    expect(await runCli(["zzzzzzzz"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("known are serve, check"),
    });
    expect(await runCli(["help", "srve"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean serve?"),
    });
  });

  test("an unknown flag is wrong usage and names the nearest one", async () => {
    expect(await runCli(["probe", "live", "--scoket", "x"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown flag --scoket; did you mean --socket?"),
    });
    expect(await runCli(["serve", "--conifg=x"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown flag --conifg; did you mean --config?"),
    });
    expect(await runCli(["version", "--zzzzzzzzz"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("known are --help"),
    });
  });

  test("a flag without its value, a switch with one, and too many or too few words are wrong usage", async () => {
    for (const argv of [
      ["wait", "--timeout"],
      ["serve", "--demo=yes"],
      ["serve", "config.yaml"],
      ["check"],
      ["check", "a", "b"],
      ["probe"],
      ["chat"],
      ["wait", "-x"],
    ]) {
      const { code, err } = await runCli(argv);
      expect({ argv, code }).toEqual({ argv, code: 2 });
      expect(err).toContain(`Try: llmux ${argv[0]} --help`);
    }
  });

  test("values that cannot be are wrong usage and say what was expected", async () => {
    const cases: [string[], string][] = [
      [["probe", "alive"], 'expected live or ready, got "alive"'],
      [["probe", "live", "--ops", "4001"], '--ops should be HOST:PORT, as in 127.0.0.1:4001, got "4001"'],
      [["probe", "live", "--ops", "h:99999"], "--ops should be HOST:PORT"],
      [["probe", "live", "--socket", "/".repeat(108)], "--socket should be a path of 1 to 107 bytes, got 108 bytes"],
      [["wait", "--timeout", "5"], '--timeout should be a duration from 1ms to 24h, as in 500ms, 5s or 2m, got "5"'],
      [["wait", "--timeout", "0s"], "--timeout should be a duration"],
      [["wait", "--timeout", "99h"], "--timeout should be a duration"],
      [["serve", "--log-level", "loud"], '--log-level should be one of debug, info, warn, error, got "loud"'],
    ];
    for (const [argv, expected] of cases) {
      const { code, err } = await runCli(argv);
      expect({ argv, code }).toEqual({ argv, code: 2 });
      expect(err).toContain(expected);
    }
  });
});
