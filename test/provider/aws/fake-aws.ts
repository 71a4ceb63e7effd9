/** STS, the container endpoint and the instance metadata service on a loopback port, as far as credentials need them. */
export type FakeRequest = {
  readonly method: string;
  readonly path: string;
  readonly header: (name: string) => string | null;
  readonly body: string;
};

export class FakeAws {
  readonly requests: FakeRequest[] = [];
  /** What is answered next, by path; a function decides by what was asked. */
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
        const seen: FakeRequest = {
          method: request.method,
          path: url.pathname,
          header: (name) => headers.get(name),
          body: await request.text(),
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

/** What STS answers with. */
export function stsAnswer(action: string, accessKeyId: string, expiration: string): Response {
  return new Response(
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>s&amp;cret</SecretAccessKey>
      <SessionToken>token-of-${accessKeyId}</SessionToken><Expiration>${expiration}</Expiration>
    </Credentials></${action}Result></${action}Response>`,
    { headers: { "content-type": "text/xml" } },
  );
}

/** What the container endpoint and the metadata service answer with. */
export function documentAnswer(accessKeyId: string, expiration: string): Response {
  return Response.json({
    Code: "Success",
    AccessKeyId: accessKeyId,
    SecretAccessKey: "secret",
    Token: `token-of-${accessKeyId}`,
    Expiration: expiration,
  });
}
