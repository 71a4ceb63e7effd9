/**
 * One fake provider for each dialect, all answering by the model's name: a caller asks for "fake-<dialect>/<scenario>" (such names
 * need no `models` section), so the provider sees the model "<scenario>". Their answers are written by hand in the real APIs' full form,
 * without a line of the product: they are what the clients' tests measure the translation against.
 */
import { bodyAnswer, chunkedAnswer, jsonAnswer } from "../instruments/answers.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script } from "../instruments/script.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import { type ErrorAnswer, type Asked, chooseReply, type FakeDialect, FakeRefusal } from "./fake-dialect.ts";
import { anthropicMessages } from "./fake-anthropic-messages.ts";
import { bedrockConverse } from "./fake-bedrock-converse.ts";
import { cohere } from "./fake-cohere.ts";
import { gemini } from "./fake-gemini.ts";
import { ollama } from "./fake-ollama.ts";
import { openaiChat } from "./fake-openai-chat.ts";
import { openaiResponses } from "./fake-openai-responses.ts";
import { type ErrorFacts, type ErrorKind, type FakeDialectId, PROVIDER_KEY, SIGNATURES } from "./facts.ts";

const FAKES: Readonly<Record<FakeDialectId, FakeDialect>> = {
  "openai-chat": openaiChat,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
  gemini,
  "bedrock-converse": bedrockConverse,
  cohere,
  ollama,
};

/** What a provider's error of a kind says, and the status a caller is to get for it. */
export function errorFacts(dialect: FakeDialectId, kind: ErrorKind): ErrorFacts {
  return FAKES[dialect].errors[kind];
}

/** The seven, running on free ports. */
export class FakeProviders {
  readonly #upstreams: ReadonlyMap<FakeDialectId, Upstream>;

  private constructor(upstreams: ReadonlyMap<FakeDialectId, Upstream>) {
    this.#upstreams = upstreams;
  }

  static start(): FakeProviders {
    const upstreams = new Map<FakeDialectId, Upstream>();
    for (const fake of Object.values(FAKES)) {
      upstreams.set(fake.id, startUpstream({ respond: (request) => respond(fake, request) }));
    }
    return new FakeProviders(upstreams);
  }

  /** The config's `providers` section: fake-<dialect> for each. */
  configText(): string {
    const entries = [...this.#upstreams].map(([dialect, upstream]) => [
      `fake-${dialect}`,
      {
        provider: "openai-compatible",
        dialect,
        base_url: `${upstream.origin}${FAKES[dialect].basePath}`,
        api_key: PROVIDER_KEY,
      },
    ]);
    // JSON is YAML.
    return `providers: ${JSON.stringify(Object.fromEntries(entries))}\n`;
  }

  /** Forgets the requests seen so far. */
  forget(): void {
    for (const upstream of this.#upstreams.values()) upstream.forget();
  }

  /** What a provider has been asked since the last `forget`. */
  requestsOf(dialect: FakeDialectId): readonly UpstreamRequest[] {
    return this.#of(dialect).requests;
  }

  /** JSON body of the last request to a provider. */
  lastBodyOf(dialect: FakeDialectId): unknown {
    return this.#of(dialect).lastRequest.message.json();
  }

  /** What the fakes' own code stumbled over, and what the gateway wrote that is no HTTP; nothing, in a good run. */
  get faults(): readonly unknown[] {
    return [...this.#upstreams.values()].flatMap(({ scriptErrors, syntaxErrors }) => [
      ...scriptErrors,
      ...syntaxErrors,
    ]);
  }

  stop(): void {
    for (const upstream of this.#upstreams.values()) upstream.stop();
  }

  #of(dialect: FakeDialectId): Upstream {
    const upstream = this.#upstreams.get(dialect);
    if (upstream === undefined) throw new Error(`expected a fake provider of ${dialect}`);
    return upstream;
  }
}

function respond(fake: FakeDialect, { message }: UpstreamRequest): Script {
  const header = (name: string): string | null => message.header(name);
  try {
    if (header("authorization") !== `Bearer ${PROVIDER_KEY}`) throw new FakeRefusal("expected the provider's own key");
    const request = { path: message.target, body: message.text === "" ? null : message.json(), header };
    const asked = fake.recognise(request);
    return answer(fake, asked, request.body);
  } catch (error) {
    if (!(error instanceof FakeRefusal)) throw error;
    return jsonAnswer(fake.writeRefusal(error.message), { status: error.status });
  }
}

function answer(fake: FakeDialect, asked: Asked, body: unknown): Script {
  if (asked.operation !== "generate") {
    const written = fake[asked.operation]?.(body, asked);
    if (written === undefined) throw new FakeRefusal(`no ${asked.operation} here`);
    return jsonAnswer(written);
  }
  const kind = asked.model.startsWith("error-") ? asked.model.slice("error-".length) : null;
  if (kind !== null && kind in fake.errors) return writeError(fake.errors[kind as ErrorKind]);
  const reply = chooseReply(fake, asked, body, SIGNATURES[fake.id]);
  if (!asked.isStream) {
    if (kind === "midstream") return writeError(fake.errors.server);
    return jsonAnswer(fake.writeWhole(reply, asked, body));
  }
  const chunks =
    kind === "midstream" ? fake.writeBrokenStream(reply, asked, body) : fake.writeStream(reply, asked, body);
  return chunkedAnswer(chunks, fake.streamType);
}

function writeError({ status, body, headers = [] }: ErrorAnswer): Script {
  return bodyAnswer(JSON.stringify(body), "application/json", { status, headers });
}
