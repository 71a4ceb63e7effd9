import { describe, expect, test } from "bun:test";
import type { Provider, Surface } from "../../src/exchange.ts";
import { chooseSurface, type EndpointShape } from "../../src/route/choose-surface.ts";

const endpoint = (
  dialect: string,
  name: string,
  operation: string | null = "generate",
  isStreamPath: boolean | null = null,
): EndpointShape => ({ dialect, name, operation, isStreamPath, upstreamPath: `/${name}` });

const CHAT = endpoint("a", "chat");
const EMBED = endpoint("a", "embed", "embed");
const MEDIA = endpoint("a", "media", null);
const ANSWER = endpoint("b", "answer", "generate", false);
const STREAM = endpoint("b", "stream", "generate", true);
const ENDPOINTS: Readonly<Record<string, readonly EndpointShape[]>> = {
  a: [CHAT, EMBED, MEDIA],
  b: [ANSWER, STREAM],
};

function choose(surfaces: readonly Partial<Surface>[], from: EndpointShape, isStream = false, model = "m") {
  const provider = {
    surfaces: surfaces.map((surface) => ({ models: null, paths: null, quirks: { renames: {} }, ...surface })),
  };
  const chosen = chooseSurface(
    provider as unknown as Provider,
    model,
    from,
    isStream,
    (dialect) => ENDPOINTS[dialect] ?? [],
  );
  return chosen === null
    ? null
    : `${chosen.endpoint.name} ${chosen.path} ${chosen.isTranslated ? "translated" : "passed"}`;
}

describe("the API of a provider that a request goes to", () => {
  test("is the caller's own where the provider speaks it, even where it is not the first", () => {
    expect(choose([{ dialect: "b" }, { dialect: "a" }], CHAT)).toBe("chat /chat passed");
  });

  test("is the first that can do the same otherwise, by stream or not", () => {
    expect(choose([{ dialect: "b" }], CHAT)).toBe("answer /answer translated");
    expect(choose([{ dialect: "b" }], CHAT, true)).toBe("stream /stream translated");
  });

  test("has the provider's own path, or the dialect's where that is left open", () => {
    expect(choose([{ dialect: "a", paths: { chat: "/elsewhere" } }], CHAT)).toBe("chat /elsewhere passed");
    expect(choose([{ dialect: "a", paths: { chat: "" } }], CHAT)).toBe("chat /chat passed");
  });

  test("has another path for streams where the provider has one", () => {
    const paths = { chat: "/raw", "chat#stream": "/raw-stream" };
    expect(choose([{ dialect: "a", paths }], CHAT)).toBe("chat /raw passed");
    expect(choose([{ dialect: "a", paths }], CHAT, true)).toBe("chat /raw-stream passed");
    expect(choose([{ dialect: "a", paths }], ANSWER)).toBe("chat /raw translated");
    expect(choose([{ dialect: "a", paths }], STREAM, true)).toBe("chat /raw-stream translated");
    expect(choose([{ dialect: "a", paths: { "chat#stream": "/only-streams" } }], CHAT)).toBeNull();
    expect(choose([{ dialect: "a", paths: { chat: "/x", "chat#stream": "" } }], CHAT, true)).toBe("chat /chat passed");
  });

  test("keeps what the dialect asks for in the query, unless the provider's path has a query of its own", () => {
    const sse = { ...STREAM, upstreamPath: "/stream?alt=sse" };
    expect(choose([{ dialect: "b", paths: { stream: "/elsewhere" } }], sse, true)).toBe(
      "stream /elsewhere?alt=sse passed",
    );
    expect(choose([{ dialect: "b", paths: { stream: "/elsewhere?v=1" } }], sse, true)).toBe(
      "stream /elsewhere?v=1 passed",
    );
  });

  test("is none that does not serve the endpoint", () => {
    expect(choose([{ dialect: "a", paths: { chat: "" } }], EMBED)).toBeNull();
    expect(choose([{ dialect: "b" }], MEDIA)).toBeNull();
  });

  test("with other names for what it embeds is translated even within one dialect", () => {
    const quirks = { renames: { dimensions: "output_dimension" } } as unknown as Surface["quirks"];
    expect(choose([{ dialect: "a", quirks }], EMBED)).toBe("embed /embed translated");
    expect(choose([{ dialect: "a", quirks }], CHAT)).toBe("chat /chat passed");
  });

  test("within one dialect, another endpoint that does the same is a translation", () => {
    const legacy = endpoint("a", "legacy");
    expect(choose([{ dialect: "a", paths: { chat: "" } }], legacy)).toBe("chat /chat translated");
  });

  test("depends on the model where a provider speaks several APIs by family", () => {
    const surfaces = [{ dialect: "b", models: /^claude/ }, { dialect: "a" }];
    expect(choose(surfaces, CHAT, false, "claude-x")).toBe("chat /chat passed");
    expect(choose([{ dialect: "b", models: /^claude/ }], ANSWER, false, "claude-x")).toBe("answer /answer passed");
    expect(choose([{ dialect: "b", models: /^claude/ }], ANSWER, false, "llama")).toBeNull();
  });
});
