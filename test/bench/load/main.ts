/** The load generator: does the one job given as its argument and prints the result as one line of JSON. */
import type { Job, JobResult } from "../jobs.ts";
import { runAborts } from "./aborts.ts";
import { runChunks } from "./chunks.ts";
import { runClosedLoop } from "./closed-loop.ts";
import { runOffered } from "./offered.ts";
import { runOpenStreams } from "./open-streams.ts";
import { runRequests } from "./requests.ts";
import { runStalled } from "./stalled.ts";

async function runJob(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case "requests":
      return runRequests(job);
    case "chunks":
      return runChunks(job);
    case "closed-loop":
      return runClosedLoop(job);
    case "open-streams":
      return runOpenStreams(job);
    case "stalled":
      return runStalled(job);
    case "aborts":
      return runAborts(job);
    case "offered":
      return runOffered(job);
  }
  job satisfies never;
}

const text = process.argv[2];
if (text === undefined) throw new Error("usage: main.ts JOB_AS_JSON");
const result = await runJob(JSON.parse(text) as Job);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
