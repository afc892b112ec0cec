/** `knarr status`: which of Knarr's processes run, and what the cluster says of itself. Exit code 1 when something is missing. */

import type { Api } from "@knarr/client/api.ts";
import { componentStatus } from "@knarr/kinds/core/component-status.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { connectAsAdmin } from "../access.ts";
import { defineCommand } from "../command.ts";
import { readConfig } from "../config.ts";
import { refuseWords } from "../option.ts";
import type { Config } from "../options.ts";
import { isAlive, residentMemory } from "../processes.ts";
import { findRunning } from "../run-file.ts";
import type { Terminal } from "../terminal.ts";

export const status = defineCommand({
  name: "status",
  summary: "Say what runs here and how the cluster is",
  usage: "knarr status",

  async run(argv, terminal) {
    const { config, words } = readConfig(argv);
    refuseWords("status", words);
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
  try {
    await using access = connectAsAdmin(config, AbortSignal.timeout(5000));
    return await sayHealth(access.api, terminal);
  } catch (err) {
    terminal.line(
      err instanceof ApiError
        ? `  the API server says: ${err.message}`
        : `  the API server does not answer: ${(err as Error).message}`,
    );
    return false;
  }
}

/** Whether the store and all nodes are well. */
export async function sayHealth(api: Api, terminal: Pick<Terminal, "line">): Promise<boolean> {
  const [store, nodes, pods] = await Promise.all([
    api.get(componentStatus, STORE),
    api.list(node),
    api.list(pod),
  ]);
  const trouble = store.conditions?.find(({ type, status }) => type === "Healthy" && status !== "True");
  if (trouble) terminal.line(`  the store is not well: ${trouble.message}`);
  const ready = nodes.items.map(({ status }) => status?.conditions?.find(({ type }) => type === "Ready"));
  for (const [index, { metadata }] of nodes.items.entries()) {
    const { status, message = "it has not reported yet" } = ready[index] ?? {};
    terminal.line(`  node ${metadata.name} is ${status === "True" ? "Ready" : `not ready: ${message}`}`);
  }
  const phases = Map.groupBy(pods.items, ({ status }) => status?.phase ?? "Unknown");
  terminal.line(
    `  pods: ${[...phases].map(([phase, list]) => `${list.length} ${phase}`).join(", ") || "none"}`,
  );
  return !trouble && ready.every((condition) => condition?.status === "True");
}

/** Upstream's name for it, whichever it is. */
const STORE = "etcd-0";
