/** What the commands that run one part alone have in common. */

import { option } from "./option.ts";

export const standaloneOptions = {
  kubeconfig: option.path({
    group: "standalone",
    value: "/etc/knarr/admin.yaml",
    help: "Which cluster, and as whom",
  }),
  "leader-elect": option.flag({
    group: "standalone",
    value: true,
    help: "Wait for the Lease, so that one of several works",
  }),
  verbose: option.flag({
    group: "standalone",
    short: "v",
    value: false,
    help: "Log what only a debugging reader wants",
  }),
} as const;

/** Resolves when this process is asked to end. */
export function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
}
