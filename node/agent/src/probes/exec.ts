/** The exec probe: a command inside the container, healthy when it exits with 0. */

import { expandFrom } from "../expansion.ts";
import { ExecTimeout } from "../runtime-access.ts";
import { defineProbeType, MAX_OUTPUT_BYTES, timeoutOf } from "./probe.ts";

export const execProbe = defineProbeType({
  name: "exec",
  async run(probe, { container, containerId, runtime }, signal) {
    // Only values written in the spec: the probe does not see what came from ConfigMaps, Secrets or the downward API.
    const environment = new Map((container.env ?? []).map(({ name, value = "" }) => [name, value] as const));
    const command = (probe.exec!.command ?? []).map((word) => expandFrom(word, environment));
    const timeoutMs = timeoutOf(probe);
    try {
      const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutMs, signal);
      const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT_BYTES).toString();
      return { outcome: exitCode === 0 ? "success" : "failure", output };
    } catch (err) {
      signal.throwIfAborted();
      if (err instanceof ExecTimeout) {
        const text = `command timed out: ${JSON.stringify(command.join(" "))} timed out after ${timeoutMs / 1000}s`;
        return { outcome: "failure", output: text };
      }
      return { outcome: "unknown", output: (err as Error).message };
    }
  },
});
