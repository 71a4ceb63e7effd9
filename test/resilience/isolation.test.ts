/** P9: a provider that hangs with all its callers is nobody else's trouble. */
import { expect, test } from "bun:test";
import { SILENT } from "../instruments/fleet.ts";
import { attemptsOf, isWell, RouteStage } from "./stage.ts";

const HANGING = 300;
const ASKED = 200;

test(`with ${HANGING} requests hanging at one provider, another one answers all of ${ASKED} at the first attempt`, async () => {
  const at = (provider: string) => ({ deployments: [{ provider, model: "there" }] });
  const options = {
    members: ["hanging", "well"],
    provider: { max_concurrent: 1_000 },
    models: { "m-hanging": at("hanging"), "m-well": at("well") },
  };
  await RouteStage.with(options, async (stage) => {
    stage.member("hanging").behave(SILENT);
    const callers = await Promise.all(Array.from({ length: HANGING }, () => stage.ask({ model: "m-hanging" })));
    await stage.member("hanging").waitForRequests(HANGING);
    const lane = () => stage.answerInTurn(ASKED / 10, { model: "m-well", stream: true });
    const answers = (await Promise.all(Array.from({ length: 10 }, lane))).flat();
    for (const answer of answers) expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
    expect(stage.asked).toEqual([HANGING, ASKED]);
    expect(callers.every((caller) => caller.answers.length === 0 && caller.end === "open")).toBe(true);
    for (const caller of callers) caller.abort();
    await stage.member("hanging").waitUntilLetGo();
  });
}, 60_000);
