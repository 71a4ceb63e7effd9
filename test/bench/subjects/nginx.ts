import { join } from "node:path";
import { findDebianProgram, locateProgram } from "./debian-program.ts";
import { findFreePort } from "./free-port.ts";
import type { Subject } from "./subject.ts";

/** nginx as a plain reverse proxy: the yardstick of every ratio. */
export const nginx: Subject = {
  name: "nginx",
  description: "one process, proxy_buffering off, keep-alive upstream, no access log",
  withholdsUsage: false,
  translates: false,
  loadShare: 1,
  maxStreams: Number.POSITIVE_INFINITY,
  headers: () => [],
  find: async () => findDebianProgram("nginx", /nginx\/(\S+)/),

  async prepare(directory, upstream) {
    const port = findFreePort();
    const socket = join(directory, "nginx.sock");
    const config = join(directory, "nginx.conf");
    await Bun.write(
      config,
      `daemon off;
# One process instead of master and worker: what is read from /proc is then all of it.
master_process off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
# 9,900 streams are 19,800 connections; nginx begins to close idle ones when less than a sixteenth is free.
events { worker_connections 21500; use epoll; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  tcp_nodelay on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_max_body_size 64m;
  upstream mock {
    server ${upstream.host}:${upstream.port};
    keepalive 512;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen unix:${socket} backlog=4096;
    location = /health/ready { return 200; }
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
      proxy_send_timeout 600s;
    }
  }
}
`,
    );
    return {
      command: [locateProgram("nginx") ?? "nginx", "-p", directory, "-c", config],
      environment: {},
      directory,
      tcp: { host: "127.0.0.1", port, unix: null },
      unix: { host: "127.0.0.1", port: 0, unix: socket },
      ready: { host: "127.0.0.1", port, path: "/health/ready" },
    };
  },
};
