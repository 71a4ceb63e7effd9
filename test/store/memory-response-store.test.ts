import { MemoryResponseStore } from "../../src/store/memory-response-store.ts";
import { testResponseStore } from "./response-store-suite.ts";

testResponseStore("MemoryResponseStore", (bounds, nowMs) => new MemoryResponseStore(bounds, nowMs));
