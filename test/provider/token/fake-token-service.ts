/** Token services and metadata servers on a loopback port, as far as credentials need them. */
export type FakeRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | null;
  readonly body: string;
  readonly form: URLSearchParams;
};

export class FakeTokenService {
  readonly requests: FakeRequest[] = [];
  /** What is answered next, by path. */
  readonly answers = new Map<string, (request: FakeRequest) => Response>();
  readonly #server: Bun.Server<undefined>;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const url = new URL(request.url);
        // A copy: the request is gone once it is answered.
        const headers = new Headers(request.headers);
        const body = await request.text();
        const seen: FakeRequest = {
          method: request.method,
          path: url.pathname,
          query: url.searchParams,
          header: (name) => headers.get(name),
          body,
          form: new URLSearchParams(body),
        };
        this.requests.push(seen);
        return this.answers.get(url.pathname)?.(seen) ?? new Response("not here", { status: 404 });
      },
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** What an OAuth token service answers with. */
export function tokenAnswer(token: string, fields: object = { expires_in: 3_600 }): Response {
  return Response.json({ access_token: token, token_type: "Bearer", ...fields });
}
