/** `knarr scheduler`: our scheduler alone, against any Kubernetes API. */

import { HttpTransport } from "@knarr/client/http-transport.ts";
import { startScheduler } from "@knarr/scheduler/start.ts";
import { realClock } from "@knarr/std/clock.ts";
import { createLogger } from "@knarr/std/log.ts";
import { defineCommand } from "../command.ts";
import { accessFromKubeconfig } from "../kubeconfig-access.ts";
import { parseOptions } from "../option.ts";
import { standaloneOptions, untilAsked } from "../standalone.ts";

export const scheduler = defineCommand({
  name: "scheduler",
  summary: "Run the scheduler alone, against any Kubernetes API",
  usage: "knarr scheduler --kubeconfig=FILE",
  options: standaloneOptions,

  async run(argv) {
    const { values } = parseOptions(standaloneOptions, { argv, env: process.env });
    const log = createLogger({ verbose: values.verbose });
    await using transport = new HttpTransport(accessFromKubeconfig(values.kubeconfig, "knarr-scheduler"));
    await using _running = await startScheduler({
      transport,
      log,
      clock: realClock,
      leaderElect: values["leader-elect"],
    });
    await untilAsked();
    return 0;
  },
});
