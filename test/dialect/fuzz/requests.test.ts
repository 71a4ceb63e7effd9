/**
 * Hostile callers: whatever JSON object is sent to whatever endpoint, it is carried to a provider of any dialect, or refused with a
 * 4xx that names the field. `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs over all endpoints (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import { fuzzSeed, Random } from "../../instruments/random.ts";
import { checkHostileRequest } from "./check-request.ts";
import { Findings } from "./judge.ts";
import { mutate, writeJson } from "./mutate.ts";
import { materialOf, TRANSLATED_ENDPOINTS } from "./seeds.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 2_000);
const PER_ENDPOINT = Math.ceil(COUNT / TRANSLATED_ENDPOINTS.length);

describe(`hostile requests (FUZZ_SEED=${SEED}, ${PER_ENDPOINT} of each endpoint)`, () => {
  for (const { endpoint, requests } of TRANSLATED_ENDPOINTS) {
    test(`to ${endpoint.name} are carried or refused by name`, () => {
      const findings = new Findings();
      let tried = 0;
      let carried = 0;
      for (let number = 0; number < PER_ENDPOINT; number += 1) {
        // Every input has a generator of its own: it can be drawn again without those before it.
        const random = new Random(SEED * 31 + number);
        const text = writeJson(mutate(random.pick(requests), random, materialOf(endpoint.dialect)));
        const named = `FUZZ_SEED=${SEED}, ${endpoint.name} ${number}: ${text}`;
        const counts = checkHostileRequest(endpoint, text, random, (reason) => findings.add(reason, named));
        tried += counts.tried;
        carried += counts.carried;
      }
      expect(findings.list).toEqual([]);
      // A generator whose requests are all refused would prove nothing.
      expect(carried).toBeGreaterThan(tried / 20);
    }, 3_600_000);
  }
});
