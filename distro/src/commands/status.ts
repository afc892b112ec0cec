/** `knarr status`: which of Knarr's processes run, and what the cluster says of itself. Exit code 1 when something is missing. */

import { defineCommand } from "../command.ts";
import { readConfig } from "../config.ts";
import { isAlive, residentMemory } from "../processes.ts";
import { findRunning } from "../run-file.ts";
import type { Terminal } from "../terminal.ts";
import { connectAsAdmin } from "../access.ts";
import type { Config } from "../options.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";

export const status = defineCommand({
  name: "status",
  summary: "Say what runs here and how the cluster is",
  usage: "knarr status",

  async run(argv, terminal) {
    const { config } = readConfig(argv);
    const running = findRunning(config);
    if (!running) {
      terminal.line("Knarr does not run here; `knarr up` starts it.");
      return 1;
    }
    terminal.line(`Knarr runs (process ${running.supervisor.pid}, data in ${running.config["data-dir"]})`);
    for (const [name, id] of Object.entries({ supervisor: running.supervisor, ...running.processes })) {
      const memory = `${Math.round(residentMemory(id) / 1e6)} MB`;
      terminal.line(`  ${name.padEnd(12)} ${isAlive(id) ? `process ${id.pid}, ${memory}` : "not running"}`);
    }
    return (await sayCluster(running.config, terminal)) ? 0 : 1;
  },
});

async function sayCluster(config: Config, terminal: Terminal): Promise<boolean> {
  await using access = connectAsAdmin(config, AbortSignal.timeout(5000));
  try {
    const [nodes, pods] = await Promise.all([access.api.list(node), access.api.list(pod)]);
    for (const { metadata, status } of nodes.items) {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      terminal.line(
        `  node ${metadata.name} is ${ready?.status === "True" ? "Ready" : `not ready: ${ready?.message ?? "it has not reported yet"}`}`,
      );
    }
    const phases = Map.groupBy(pods.items, ({ status }) => status?.phase ?? "Unknown");
    terminal.line(
      `  pods: ${[...phases].map(([phase, list]) => `${list.length} ${phase}`).join(", ") || "none"}`,
    );
    return nodes.items.every(({ status }) =>
      status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
    );
  } catch (err) {
    terminal.line(`  the API server does not answer: ${(err as Error).message}`);
    return false;
  }
}
