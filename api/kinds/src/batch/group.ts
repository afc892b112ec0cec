/** The kinds of batch/v1. */

import { defineGroup } from "../group.ts";
import { cronJob } from "./cron-job.ts";
import { job } from "./job.ts";

export const batch = defineGroup({
  group: "batch",
  version: "v1",
  resources: [cronJob, job],
});
