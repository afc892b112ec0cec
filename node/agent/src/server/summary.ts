/** GET /stats/summary: the node's own figures, from /proc, and which pods it has. */

import { readFile } from "node:fs/promises";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";

export interface SummarySource {
  readonly nodeName: string;
  readonly pods: readonly Pod[];
  readonly now: number;
}

export async function summaryOf({ nodeName, pods, now }: SummarySource): Promise<object> {
  const [memory, stat] = await Promise.all([
    readFile("/proc/meminfo", "utf8"),
    readFile("/proc/stat", "utf8"),
  ]);
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  const total = kibibytesOf(memory, "MemTotal") * 1024;
  const availableBytes = kibibytesOf(memory, "MemAvailable") * 1024;
  const startTime = new Date(Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000).toISOString();
  return {
    node: {
      nodeName,
      startTime: startTime.replace(/\.\d+Z$/, "Z"),
      cpu: { time, usageCoreNanoSeconds: busyNanoseconds(stat) },
      memory: {
        time,
        availableBytes,
        usageBytes: total - availableBytes,
        workingSetBytes: total - availableBytes,
      },
    },
    pods: pods.map(({ metadata, status }) => ({
      podRef: { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid },
      startTime: status?.startTime ?? null,
    })),
  };
}

function kibibytesOf(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0);
}

/** `cpu user nice system idle iowait irq softirq steal …`, in hundredths of a second. */
function busyNanoseconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
    /^cpu +(.+)$/m.exec(stat)?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * 10_000_000;
}
