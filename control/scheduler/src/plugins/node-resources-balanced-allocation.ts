/** NodeResourcesBalancedAllocation: better where the pod makes the use of CPU and of memory more alike. */

import { definePlugin, MAX_SCORE, skip } from "../framework.ts";
import { podInfoOf } from "../pod-info.ts";

export const nodeResourcesBalancedAllocation = definePlugin({
  name: "NodeResourcesBalancedAllocation",

  preScore(pod) {
    const { milliCpu, memory } = podInfoOf(pod).requests;
    return milliCpu === 0 && memory === 0 ? skip : undefined;
  },

  /** 75 when nothing changes, towards 100 when it gets more balanced, towards 50 when less. */
  score(pod, { allocatable, requested }) {
    const { requests } = podInfoOf(pod);
    const after = balance(
      [requested.milliCpu + requests.milliCpu, allocatable.milliCpu],
      [requested.memory + requests.memory, allocatable.memory],
    );
    const before = balance(
      [requested.milliCpu, allocatable.milliCpu],
      [requested.memory, allocatable.memory],
    );
    return MAX_SCORE / 2 + Math.trunc((MAX_SCORE / 2 + after - before) / 2);
  },
});

type Use = readonly [used: number, has: number];

/** 100 less the standard deviation of the two fractions in percent. */
function balance([usedCpu, cpu]: Use, [usedMemory, memory]: Use): number {
  if (cpu === 0 || memory === 0) return MAX_SCORE;
  const deviation = Math.abs(Math.min(usedCpu / cpu, 1) - Math.min(usedMemory / memory, 1)) / 2;
  return Math.trunc((1 - deviation) * MAX_SCORE);
}
