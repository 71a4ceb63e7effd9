import { expect, test } from "bun:test";
import { describeDemo } from "../../src/cli/demo-hints.ts";

test("every listener that is on gets lines to copy", () => {
  const text = describeDemo({ socketPath: "/tmp/l.sock", http: "127.0.0.1:4000", ops: "127.0.0.1:4001" });
  expect(text).toContain("curl -N --unix-socket /tmp/l.sock http://localhost/v1/chat/completions");
  expect(text).toContain("curl -N http://127.0.0.1:4000/v1/chat/completions");
  expect(text).toContain("curl http://127.0.0.1:4001/health/ready");
  expect(text).toContain("made-up answers");
});

test("a listener that is off is not mentioned, and a path with a space is quoted", () => {
  const text = describeDemo({ socketPath: "/tmp/a b/it's.sock", http: null, ops: null });
  expect(text).toContain(`--unix-socket '/tmp/a b/it'\\''s.sock' `);
  expect(text).not.toContain("over TCP");
  expect(text).not.toContain("metrics");
});
