/** The one module of prom-client in use, by its path: its index brings http, cluster and a 12 MB resident cost along. */
declare module "prom-client/lib/registry.js" {
  export { Registry as default } from "prom-client";
}
