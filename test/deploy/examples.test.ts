import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse, parseAllDocuments } from "yaml";

const ROOT = join(import.meta.dir, "..", "..");
const EXAMPLES = join(ROOT, "deploy", "examples");
const LLMUX = resolve(process.env["LLMUX_BIN"] ?? join(ROOT, "dist", "llmux"));
const SECRETS_MOUNT = "/var/run/secrets/llm";
const CREDENTIALS = "/run/credentials/llmux.service";

/** A parsed YAML map, looked into by path: `get(pod, "spec", "containers", 0, "name")`. */
function get(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], value);
}

async function readManifests(name: string): Promise<unknown[]> {
  const documents = parseAllDocuments(await Bun.file(join(EXAMPLES, name)).text());
  if (!Array.isArray(documents)) throw new Error(`${name} holds no document`);
  return documents.map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
}

function findKind(manifests: readonly unknown[], kind: string): unknown {
  const found = manifests.filter((manifest) => get(manifest, "kind") === kind);
  expect(found).toHaveLength(1);
  return found[0];
}

function readSeconds(text: unknown): number {
  const match = /^(\d+)s$/.exec(String(text));
  if (match === null) throw new Error(`expected seconds such as 60s, got ${String(text)}`);
  return Number(match[1]);
}

function readConfig(manifests: readonly unknown[]): { text: string; config: unknown } {
  const text = String(get(findKind(manifests, "ConfigMap"), "data", "llmux.yaml"));
  return { text, config: parse(text) as unknown };
}

/** What every container of the examples keeps to. */
function expectRestricted(container: unknown): void {
  expect(get(container, "securityContext")).toMatchObject({
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  });
}

function findMount(container: unknown, path: string): Record<string, unknown> {
  const mounts = get(container, "volumeMounts") as Record<string, unknown>[];
  const mount = mounts.find((one) => one["mountPath"] === path);
  if (mount === undefined) throw new Error(`expected a mount at ${path}`);
  return mount;
}

function findVolume(spec: unknown, name: unknown): Record<string, unknown> {
  const volumes = get(spec, "volumes") as Record<string, unknown>[];
  const volume = volumes.find((one) => one["name"] === name);
  if (volume === undefined) throw new Error(`expected a volume ${String(name)}`);
  return volume;
}

/** The config is a directory, the secret is files of the group, and every key the config names is in the Secret. */
function expectMounts(spec: unknown, container: unknown, manifests: readonly unknown[]): void {
  const config = findMount(container, "/etc/llmux");
  expect(config).not.toHaveProperty("subPath");
  expect(config["readOnly"]).toBe(true);
  expect(findVolume(spec, config["name"])["configMap"]).toEqual({
    name: get(findKind(manifests, "ConfigMap"), "metadata", "name"),
  });
  const secret = findMount(container, SECRETS_MOUNT);
  expect(secret["readOnly"]).toBe(true);
  expect(findVolume(spec, secret["name"])["secret"]).toEqual({
    secretName: get(findKind(manifests, "Secret"), "metadata", "name"),
    defaultMode: 0o440,
  });
  const named = [...readConfig(manifests).text.matchAll(new RegExp(`${SECRETS_MOUNT}/([\\w-]+)`, "g"))];
  expect(named.length).toBeGreaterThan(0);
  for (const [, key] of named) expect(get(findKind(manifests, "Secret"), "stringData", key ?? "")).toBeString();
}

function expectHttpProbes(container: unknown, config: unknown, names: readonly string[]): void {
  const opsPort = Number(String(get(config, "listen", "ops")).split(":")[1]);
  expect(get(config, "listen", "ops")).toStartWith("0.0.0.0:");
  const ports = get(container, "ports") as { name: string; containerPort: number }[];
  for (const name of names) {
    const probed = get(container, name, "httpGet", "port");
    expect(ports.find((port) => port.name === probed)?.containerPort).toBe(opsPort);
    const path = get(container, name, "httpGet", "path");
    expect(path).toBe(name === "livenessProbe" ? "/health/live" : "/health/ready");
  }
}

describe("the sidecar Pod", () => {
  let manifests: unknown[] = [];
  let spec: unknown;
  let sidecar: unknown;
  beforeAll(async () => {
    manifests = await readManifests("sidecar-pod.yaml");
    spec = get(findKind(manifests, "Pod"), "spec");
    sidecar = get(spec, "initContainers", 0);
  });

  test("runs LLMux as a native sidecar that is ready before the application starts", () => {
    expect(get(sidecar, "restartPolicy")).toBe("Always");
    expect(get(sidecar, "startupProbe", "exec", "command")).toEqual(["/llmux", "probe", "ready"]);
    expectHttpProbes(sidecar, readConfig(manifests).config, ["readinessProbe", "livenessProbe"]);
  });

  test("keeps every container restricted and gives none a service account token", () => {
    expect(get(spec, "automountServiceAccountToken")).toBe(false);
    expect(get(sidecar, "securityContext")).toMatchObject({ runAsUser: 65532, runAsGroup: 65532 });
    for (const container of [sidecar, ...(get(spec, "containers") as unknown[])]) expectRestricted(container);
  });

  test("shares the socket through a memory volume whose group both containers are in", () => {
    const path = String(get(readConfig(manifests).config, "listen", "unix", "path"));
    const directory = path.slice(0, path.lastIndexOf("/"));
    const mount = findMount(sidecar, directory);
    const application = get(spec, "containers", 0);
    expect(findMount(application, directory)["name"]).toBe(mount["name"]);
    expect(findVolume(spec, mount["name"])["emptyDir"]).toEqual({ medium: "Memory", sizeLimit: "1Mi" });
    expect(get(readConfig(manifests).config, "listen", "unix", "mode")).toBe("0660");
    expect(get(spec, "securityContext", "fsGroup")).toBe(65532);
    expect(get(application, "env")).toContainEqual({ name: "LLMUX_SOCKET", value: path });
  });

  test("mounts config and secret as directories, and the secret into the sidecar alone", () => {
    expectMounts(spec, sidecar, manifests);
    const secretMount = findMount(sidecar, SECRETS_MOUNT)["name"];
    const applicationMounts = get(spec, "containers", 0, "volumeMounts") as { name: string }[];
    expect(applicationMounts.map(({ name }) => name)).not.toContain(String(secretMount));
  });

  test("leaves time to drain", () => {
    const timeout = readSeconds(get(readConfig(manifests).config, "drain", "timeout"));
    expect(get(spec, "terminationGracePeriodSeconds")).toBeGreaterThan(timeout);
  });
});

describe("the standalone Deployment", () => {
  let manifests: unknown[] = [];
  let deployment: unknown;
  let spec: unknown;
  let container: unknown;
  beforeAll(async () => {
    manifests = await readManifests("standalone.yaml");
    deployment = findKind(manifests, "Deployment");
    spec = get(deployment, "spec", "template", "spec");
    container = get(spec, "containers", 0);
  });

  test("is selected by its Service, its PodDisruptionBudget and its NetworkPolicy", () => {
    const labels = get(deployment, "spec", "template", "metadata", "labels");
    expect(get(deployment, "spec", "selector", "matchLabels")).toEqual(labels);
    expect(get(findKind(manifests, "Service"), "spec", "selector")).toEqual(labels);
    expect(get(findKind(manifests, "PodDisruptionBudget"), "spec", "selector", "matchLabels")).toEqual(labels);
    expect(get(findKind(manifests, "NetworkPolicy"), "spec", "podSelector", "matchLabels")).toEqual(labels);
    const { minAvailable } = get(findKind(manifests, "PodDisruptionBudget"), "spec") as { minAvailable: number };
    expect(get(deployment, "spec", "replicas")).toBeGreaterThan(minAvailable);
  });

  test("names ports that its container has, on the addresses the config listens on", () => {
    const { config } = readConfig(manifests);
    const ports = new Map(
      (get(container, "ports") as { name: string; containerPort: number }[]).map((one) => [
        one.name,
        one.containerPort,
      ]),
    );
    expect(`0.0.0.0:${ports.get("http")}`).toBe(String(get(config, "listen", "http")));
    expect(get(findKind(manifests, "Service"), "spec", "ports", 0, "targetPort")).toBe("http");
    expectHttpProbes(container, config, ["startupProbe", "readinessProbe", "livenessProbe"]);
  });

  test("drains for less time than it is given, and takes new connections while endpoints change", () => {
    const { config } = readConfig(manifests);
    const delay = readSeconds(get(config, "drain", "delay"));
    expect(delay).toBe(5);
    const whole = delay + readSeconds(get(config, "drain", "timeout"));
    expect(get(spec, "terminationGracePeriodSeconds")).toBeGreaterThan(whole);
  });

  test("is restricted like the sidecar", () => {
    expect(get(spec, "automountServiceAccountToken")).toBe(false);
    expectRestricted(container);
    expectMounts(spec, container, manifests);
  });
});

describe("the systemd unit", () => {
  let settings = new Map<string, string>();
  let config: unknown;
  beforeAll(async () => {
    const text = await Bun.file(join(EXAMPLES, "llmux.service")).text();
    const lines = text.split("\n").filter((line) => /^[A-Za-z]+=/.test(line));
    settings = new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    expect(settings.size).toBe(lines.length);
    config = parse(await Bun.file(join(EXAMPLES, "config", "gateway.yaml")).text());
  });

  test("gives the socket's directory to its group and leaves time to drain", () => {
    expect(String(get(config, "listen", "unix", "path"))).toStartWith(`/run/${settings.get("RuntimeDirectory")}/`);
    expect(settings.get("RuntimeDirectoryMode")).toBe("0750");
    expect(Number(settings.get("TimeoutStopSec"))).toBeGreaterThan(readSeconds(get(config, "drain", "timeout")));
  });

  test("gives its one credential where the config reads it", async () => {
    const [name] = (settings.get("LoadCredential") ?? "").split(":");
    const providers = await Bun.file(join(EXAMPLES, "config", "providers.yaml")).text();
    expect(get(parse(providers), "providers", "openai", "api_key")).toEqual({ file: `${CREDENTIALS}/${name}` });
  });

  test("does not start again with a config that is not valid, and does not forbid compiled code", () => {
    expect(settings.get("RestartPreventExitStatus")).toBe("2");
    expect(settings.has("MemoryDenyWriteExecute")).toBe(false);
    expect(settings.get("NoNewPrivileges")).toBe("yes");
    expect(settings.get("CapabilityBoundingSet")).toBe("");
    expect(settings.get("ProtectSystem")).toBe("strict");
  });
});

const isBuilt = existsSync(LLMUX);
const title = isBuilt ? "llmux check" : "llmux check (skipped: no executable; make build, or set LLMUX_BIN)";

describe.skipIf(!isBuilt)(title, () => {
  let scratch = "";
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "llmux-examples-"));
  });
  afterAll(async () => rm(scratch, { recursive: true, force: true }));

  /** Runs the check; the environment is empty, so that nothing but the files decides. */
  function check(path: string): { code: number; said: string } {
    const { exitCode, stdout, stderr } = Bun.spawnSync([LLMUX, "check", path], { env: {} });
    return { code: exitCode, said: `${stdout}${stderr}` };
  }

  for (const name of ["sidecar-pod.yaml", "standalone.yaml"]) {
    test(`accepts the config inside ${name}, with the Secret's files in place`, async () => {
      const manifests = await readManifests(name);
      const directory = join(scratch, name);
      const secrets = join(directory, "secrets");
      await mkdir(secrets, { recursive: true });
      for (const [key, value] of Object.entries(get(findKind(manifests, "Secret"), "stringData") as object)) {
        await Bun.write(join(secrets, key), String(value));
      }
      const path = join(directory, "llmux.yaml");
      await Bun.write(path, readConfig(manifests).text.replaceAll(SECRETS_MOUNT, secrets));
      expect(check(path)).toMatchObject({ code: 0 });

      // The check that passes above is able to fail: a word that is no setting is found.
      await Bun.write(path, `${await Bun.file(path).text()}\nunheard_of: 1\n`);
      const wrong = check(path);
      expect(wrong.code).toBe(2);
      expect(wrong.said).toContain("unheard_of");
    });
  }

  test("accepts the example directory, with the unit's credential in place", async () => {
    const directory = join(scratch, "config");
    const credentials = join(scratch, "credentials");
    await cp(join(EXAMPLES, "config"), directory, { recursive: true });
    await mkdir(credentials);
    await Bun.write(join(credentials, "openai"), "sk-placeholder");
    const providers = join(directory, "providers.yaml");
    await Bun.write(providers, (await Bun.file(providers).text()).replaceAll(CREDENTIALS, credentials));
    expect(check(directory)).toMatchObject({ code: 0 });
  });
});
