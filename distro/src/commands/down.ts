/** `knarr down`: stops the cluster with its pods and leaves nothing behind; `--purge` removes its data too. */

import { existsSync, rmSync } from "node:fs";
import { cleanUp, stopPods } from "../clean-up.ts";
import { defineCommand } from "../command.ts";
import { readConfig } from "../config.ts";
import { localNodes } from "../local-nodes.ts";
import { option, refuseWords } from "../option.ts";
import { endProcess, isAlive } from "../processes.ts";
import { readRunFile, removeRunFile } from "../run-file.ts";

const own = {
  purge: option.flag({ group: "down", value: false, help: "Remove all data of the cluster too" }),
  "grace-period": option.number({
    group: "down",
    value: 10,
    help: "Seconds that containers get to end by themselves",
  }),
} as const;

export const down = defineCommand({
  name: "down",
  summary: "Stop the cluster and its pods; leave nothing behind",
  usage: "knarr down [--purge] [--grace-period=SECONDS]",
  options: own,

  async run(argv, terminal) {
    const { config: asked, own: wanted, words } = readConfig(argv, own);
    refuseWords("down", words);
    const file = readRunFile(asked);
    const config = file?.config ?? asked;
    const processes = file ? [file.supervisor, ...Object.values(file.processes)].filter(isAlive) : [];
    if (processes.length) {
      await terminal.step("Ended Knarr's processes", async () => {
        for (const id of processes) await endProcess(id, 15_000); // the supervisor first: it ends its own in order
      });
    }
    await terminal.step(
      "Stopped all pods",
      async () => {
        const nodes = [config, ...localNodes(config).map((node) => node.config)];
        const counts = await Promise.all(nodes.map((node) => stopPods(node, wanted["grace-period"])));
        return counts.reduce((sum, count) => sum + count, 0);
      },
      (count) => `Stopped ${count} pods`,
    );
    await terminal.step("Removed mounts, networks, rules and control groups", () => cleanUp(config));
    removeRunFile(config);
    rmSync(config["run-dir"], { recursive: true, force: true });
    if (wanted.purge) {
      await terminal.step(`Removed ${config["data-dir"]}`, async () => {
        for (const path of [
          config["data-dir"],
          config.kubeconfig,
          config["log-dir"],
          config["pod-log-dir"],
          config["container-log-dir"],
        ])
          rmSync(path, { recursive: true, force: true });
      });
    } else if (existsSync(config["data-dir"]))
      terminal.line(
        `  Data is kept in ${config["data-dir"]}; \`knarr up\` goes on with it, \`knarr down --purge\` removes it.`,
      );
    return 0;
  },
});
