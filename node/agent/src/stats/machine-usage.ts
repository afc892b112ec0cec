/** What the whole machine has used and holds, from /proc. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CgroupUsage } from "./cgroup-usage.ts";

export interface MachineUsage extends CgroupUsage {
  readonly memoryBytes: number;
  readonly swapTotalBytes: number;
  /** Milliseconds since the epoch. */
  readonly bootedAt: number;
  /** By name; the one that leads out of the machine first. */
  readonly interfaces: readonly InterfaceUsage[];
}

export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

export async function machineUsage(proc = "/proc"): Promise<MachineUsage> {
  const read = (name: string): Promise<string> => readFile(join(proc, name), "utf8");
  const [meminfo, stat, vmstat, devices, routes] = await Promise.all([
    read("meminfo"),
    read("stat"),
    read("vmstat"),
    read("net/dev"),
    read("net/route"),
  ]);
  const bytes = (name: string): number => number(meminfo, `${name}: +(\\d+) kB`) * 1024;
  const usageBytes = bytes("MemTotal") - bytes("MemFree");
  return {
    cpuNanoseconds: busyNanoseconds(stat),
    memory: {
      usageBytes,
      workingSetBytes: Math.max(0, usageBytes - bytes("Inactive\\(file\\)")),
      rssBytes: bytes("AnonPages"),
      pageFaults: number(vmstat, "pgfault (\\d+)"),
      majorPageFaults: number(vmstat, "pgmajfault (\\d+)"),
    },
    memoryBytes: bytes("MemTotal"),
    swapBytes: bytes("SwapTotal") - bytes("SwapFree"),
    swapTotalBytes: bytes("SwapTotal"),
    bootedAt: number(stat, "btime (\\d+)") * 1000,
    interfaces: interfacesOf(devices, routes),
  };
}

function number(text: string, line: string): number {
  return Number(new RegExp(`^${line}$`, "m").exec(text)?.[1] ?? 0);
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

/** Lines of /proc/net/dev: `eth0: rxBytes packets errs … txBytes packets errs …`. Not the loopback, nor the ends of pods' links. */
function interfacesOf(devices: string, routes: string): InterfaceUsage[] {
  const leading = /^(\S+)\t00000000\t/m.exec(routes)?.[1];
  return devices
    .split("\n")
    .flatMap((line) => {
      const [, name, rest = ""] = /^ *([^:\s]+): *(.+)$/.exec(line) ?? [];
      if (!name || name === "lo" || name.startsWith("veth")) return [];
      const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = rest
        .split(/ +/)
        .map(Number);
      return { name, rxBytes, rxErrors, txBytes, txErrors };
    })
    .sort((a, b) => Number(b.name === leading) - Number(a.name === leading));
}
