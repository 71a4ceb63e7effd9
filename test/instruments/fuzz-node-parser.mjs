/**
 * Node's own HTTP parser, run by a real `node` (Bun's `node:http` has another one): reads JSON lines
 * `{ side, method, hex }` and answers each with what Node made of the first message in those bytes.
 * Strict as Node ships it: `insecureHTTPParser` is off, a Host is required.
 */
import http from "node:http";
import readline from "node:readline";
import { Duplex } from "node:stream";

/** A connection that has received exactly these bytes and then a FIN. */
class FixedConnection extends Duplex {
  constructor(bytes) {
    super({ allowHalfOpen: true });
    this.bytes = bytes;
  }
  _read() {
    if (this.bytes !== null) {
      const bytes = this.bytes;
      this.bytes = null;
      if (bytes.length > 0) this.push(bytes);
      this.push(null);
    }
  }
  _write(_chunk, _encoding, done) {
    done();
  }
  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}
  ref() {}
  unref() {}
}

function pairs(rawHeaders) {
  const headers = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.push([rawHeaders[index].toLowerCase(), rawHeaders[index + 1]]);
  }
  return headers;
}

const CUT_SHORT = new Set(["HPE_INVALID_EOF_STATE", "ECONNRESET"]);

/** Collects one message; `settle` gets the result once. */
class Collector {
  constructor(settle) {
    this.settle = settle;
    this.message = null;
    this.isSettled = false;
  }
  finish(result) {
    if (this.isSettled) return;
    this.isSettled = true;
    this.settle(result);
  }
  take(message, start) {
    if (this.message !== null) return;
    this.message = message;
    this.start = start;
    this.parts = [];
    message.on("data", (part) => this.parts.push(part));
    message.on("end", () => this.finish(this.reading(true)));
    message.on("error", () => this.fail("ECONNRESET"));
    message.on("aborted", () => this.fail("ECONNRESET"));
  }
  reading(isComplete) {
    return {
      kind: "message",
      start: this.start,
      headers: pairs(this.message.rawHeaders),
      body: Buffer.concat(this.parts ?? []).toString("hex"),
      isComplete,
    };
  }
  fail(code) {
    if (this.message?.complete === true) {
      // The end of it is still to be read; where what follows it broke the connection, `end` may never be told.
      let turns = 10;
      const wait = () => {
        while (this.message.read?.()) {
          // what is read goes to the listener of `data`
        }
        turns -= 1;
        if (turns > 0) setImmediate(wait);
        else this.finish(this.reading(true));
      };
      wait();
      return;
    }
    if (this.message !== null) {
      const head = this.reading(false);
      this.finish(CUT_SHORT.has(code) ? head : { kind: "refused", why: code, head });
    } else {
      this.finish(CUT_SHORT.has(code) ? { kind: "incomplete" } : { kind: "refused", why: code });
    }
  }
}

let current = null;
const server = http.createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
const onRequest = (request) => current?.take(request, [request.method, request.url]);
server.on("request", onRequest);
server.on("checkContinue", onRequest);
server.on("checkExpectation", onRequest);
server.on("clientError", (error) => current?.fail(error.code ?? "unknown"));
for (const event of ["connect", "upgrade"]) {
  server.on(event, (request) => {
    if (current === null || current.message !== null) return;
    current.message = request;
    current.start = [request.method, request.url];
    current.finish({ ...current.reading(false), kind: "tunnel" });
  });
}

function readRequest(bytes) {
  return new Promise((resolve) => {
    const connection = new FixedConnection(bytes);
    current = new Collector((result) => {
      current = null;
      connection.destroy();
      resolve(result);
    });
    const mine = current;
    connection.on("close", () => mine.fail("ECONNRESET"));
    connection.on("error", () => mine.fail("ECONNRESET"));
    connection.on("end", () => setImmediate(() => setImmediate(() => mine.fail("ECONNRESET"))));
    server.emit("connection", connection);
  });
}

function readResponse(bytes, method) {
  return new Promise((resolve) => {
    const connection = new FixedConnection(bytes);
    const collector = new Collector((result) => {
      connection.destroy();
      resolve(result);
    });
    const request = http.request({ method, createConnection: () => connection, path: "/" });
    const status = (message) => [String(message.statusCode), ""];
    request.on("response", (response) => collector.take(response, status(response)));
    request.on("information", (information) => {
      collector.finish({
        kind: "message",
        start: status(information),
        headers: pairs(information.rawHeaders),
        body: "",
        isComplete: true,
      });
    });
    request.on("upgrade", (response) => {
      collector.message ??= response;
      collector.start = status(response);
      collector.finish({ ...collector.reading(true), kind: "message" });
    });
    request.on("error", (error) => collector.fail(error.code ?? "unknown"));
    request.on("close", () => collector.fail("ECONNRESET"));
    request.end();
  });
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { side, method, hex } = JSON.parse(line);
  const bytes = Buffer.from(hex, "hex");
  const result = side === "request" ? await readRequest(bytes) : await readResponse(bytes, method);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
process.exit(0);
