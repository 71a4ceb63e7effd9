/** Where a demo gateway listens; null for a listener that is off. */
export type DemoAddresses = {
  readonly socketPath: string | null;
  /** As in "127.0.0.1:4000". */
  readonly http: string | null;
  readonly ops: string | null;
};

/** What `llmux serve --demo` prints for a first try: lines to copy, for the listeners that are on. */
export function describeDemo({ socketPath, http, ops }: DemoAddresses): string {
  const body = `'{"model":"demo","stream":true,"messages":[{"role":"user","content":"Hello"}]}'`;
  const curl = `-H 'content-type: application/json' -d ${body}`;
  const lines = ["LLMux is running with the embedded demo provider: no key, no network, made-up answers. Try:", ""];
  if (socketPath !== null) {
    const quoted = quoteForShell(socketPath);
    lines.push("  # over the Unix socket");
    lines.push(`  curl -N --unix-socket ${quoted} http://localhost/v1/chat/completions ${curl}`);
    lines.push(`  dist/llmux chat "Hello" --socket ${quoted}`);
  }
  if (http !== null) {
    lines.push("  # over TCP; any OpenAI SDK works with this base URL and any key");
    lines.push(`  curl -N http://${http}/v1/chat/completions ${curl}`);
    lines.push(`  OPENAI_BASE_URL=http://${http}/v1 OPENAI_API_KEY=unused your-application`);
  }
  if (ops !== null) {
    lines.push("  # health, metrics, status");
    lines.push(`  curl http://${ops}/health/ready; curl http://${ops}/metrics; curl http://${ops}/status`);
  }
  lines.push("", "Ctrl-C drains and stops it.");
  return `${lines.join("\n")}\n`;
}

function quoteForShell(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
