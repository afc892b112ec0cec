/** This machine, as far as a Node object tells of it. Found out by looking; what cannot be found is left out or empty. */

import { readdir, readFile, statfs } from "node:fs/promises";
import { arch, cpus, release } from "node:os";
import type { NodeSystemInfo } from "@knarr/kinds/generated/core-v1.ts";

export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryAvailableBytes: number;
  readonly disk: {
    readonly bytes: number;
    readonly availableBytes: number;
    readonly freeInodes: number;
    readonly inodes: number;
  };
  /** `hugepages-2Mi` → bytes. */
  readonly hugepages: ReadonlyMap<string, number>;
  readonly processes: { readonly running: number; readonly max: number };
}

/** `path` is on the file system that pods write to. */
export async function lookAtMachine(path: string): Promise<Machine> {
  const [memory, disk, hugepages, processes] = await Promise.all([
    readMemory(),
    statfs(path),
    readHugepages(),
    readProcesses(),
  ]);
  return {
    cpus: cpus().length,
    ...memory,
    disk: {
      bytes: disk.blocks * disk.bsize,
      availableBytes: disk.bavail * disk.bsize,
      freeInodes: disk.ffree,
      inodes: disk.files,
    },
    hugepages,
    processes,
  };
}

export type HostInfo = Omit<
  NodeSystemInfo,
  "containerRuntimeVersion" | "kubeletVersion" | "kubeProxyVersion"
>;

export async function hostInfo(): Promise<HostInfo> {
  const [machineID, systemUUID, bootID, osRelease] = await Promise.all([
    textOf("/etc/machine-id"),
    textOf("/sys/class/dmi/id/product_uuid"),
    textOf("/proc/sys/kernel/random/boot_id"),
    textOf("/etc/os-release"),
  ]);
  return {
    machineID,
    systemUUID: systemUUID || machineID,
    bootID,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? "Linux",
    operatingSystem: "linux",
    architecture: goArchitecture(),
  };
}

/** As Go, and so Kubernetes, calls it. */
export function goArchitecture(): string {
  return { x64: "amd64", arm64: "arm64", ia32: "386" }[arch() as string] ?? arch();
}

async function readMemory(): Promise<{ memoryBytes: number; memoryAvailableBytes: number }> {
  const text = await readFile("/proc/meminfo", "utf8");
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { memoryBytes: field("MemTotal"), memoryAvailableBytes: field("MemAvailable") };
}

async function readHugepages(): Promise<ReadonlyMap<string, number>> {
  const root = "/sys/kernel/mm/hugepages";
  const sizes = new Map<string, number>();
  for (const name of await readdir(root).catch(() => [])) {
    // a kernel without them has no directory
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (!kilobytes) continue;
    const count = Number(await textOf(`${root}/${name}/nr_hugepages`));
    sizes.set(`hugepages-${sizeName(kilobytes)}`, count * kilobytes * 1024);
  }
  return sizes;
}

function sizeName(kilobytes: number): string {
  if (kilobytes % (1 << 20) === 0) return `${kilobytes >> 20}Gi`;
  return kilobytes % 1024 === 0 ? `${kilobytes >> 10}Mi` : `${kilobytes}Ki`;
}

async function readProcesses(): Promise<{ running: number; max: number }> {
  const [max, load] = await Promise.all([textOf("/proc/sys/kernel/pid_max"), textOf("/proc/loadavg")]);
  return { running: Number(load.split(" ")[3]?.split("/")[1] ?? 0), max: Number(max) };
}

async function textOf(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trim(); // not on every machine
}
