import { answers, answerWell, Fleet, SILENT } from "../../instruments/fleet.ts";
import { RawClient, writePost } from "../../instruments/raw-client.ts";
import { until } from "../../instruments/until.ts";
import type { Bench } from "../bench.ts";
import { percentile } from "../stats.ts";
import { OWN_LANE, withOwnGateway } from "./own-gateway.ts";

const HEDGE_AFTER_MS = 20;
const LANES = 4;

/**
 * A silent deployment and a good one that is asked after the delay: how long from the winner's first byte until the loser sees its
 * connection close. Both live in this process, so both moments are of one clock.
 */
export async function measureHedging(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  const fleet = new Fleet(["silent", "well"]);
  const winnerWroteMs = new Map<string, number>();
  fleet.of("silent").behave(SILENT);
  fleet.of("well").behave(
    answers((request) => {
      const id = (request.message.json() as { readonly user: string }).user;
      return [{ kind: "call", run: () => winnerWroteMs.set(id, performance.now()) }, ...answerWell(request)];
    }),
  );
  const deployments = ["silent", "well"].map((provider, priority) => ({ provider, model: "bench", priority }));
  const model = {
    strategy: "priority",
    hedge: { after: `${HEDGE_AFTER_MS}ms`, max_extra: "100%" },
    // The loser says nothing, which must not open its breaker: every request is to race.
    breaker: { consecutive: 10_000, failure_share: "100%", minimum: 10_000 },
    deployments,
  };
  const closeMs: number[] = [];
  let unclosed = 0;
  try {
    await withOwnGateway({ providers: fleet.providers(), models: { bench: model } }, async (gateway) => {
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < plan.hedges) {
          const id = `race-${(next += 1)}`;
          const client = await RawClient.connect({ kind: "tcp", port: gateway.httpPort });
          const body = { model: "bench", stream: true, user: id, messages: [{ role: "user", content: "Hello." }] };
          await client.send(writePost("/v1/chat/completions", JSON.stringify(body)));
          const answer = await client.readAnswer();
          client.close();
          if (answer.status !== 200) throw new Error(`expected a good answer, got ${answer.status}: ${answer.text}`);
          const loser = fleet.of("silent").upstream.requests.find(({ message }) => message.text.includes(`"${id}"`));
          const wroteMs = winnerWroteMs.get(id);
          if (loser === undefined || wroteMs === undefined) throw new Error(`expected ${id} to have raced`);
          const leftMs = await until("the loser to be let go", () => loser.connection.peerLeftAtMs).catch(() => null);
          if (leftMs === null) unclosed += 1;
          else closeMs.push(Math.max(0, leftMs - wroteMs));
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    });
  } catch (thrown) {
    // One that did not race, or was not answered, makes the figure worthless; the other measures go on.
    book.reject("hedging", OWN_LANE, thrown instanceof Error ? thrown.message : String(thrown));
    return;
  } finally {
    fleet.stop();
  }
  if (unclosed > 0) book.reject("hedging", OWN_LANE, `${unclosed} losers were not let go`);
  const at = { lane: OWN_LANE, round: 0 };
  book.add("hedge: samples", "", at, closeMs.length);
  book.add("winner's first byte to loser closed p50", "ms", at, percentile(closeMs, 0.5));
  book.add("winner's first byte to loser closed p99", "ms", at, percentile(closeMs, 0.99));
}
