/** What is known of this process, under the names that every Prometheus client has for it; read from the kernel when somebody looks. */

import { readdirSync, readFileSync } from "node:fs";
import type { Metrics } from "@knarr/std/metrics.ts";

export function processMetrics(metrics: Metrics): void {
  const figure = (name: string, help: string, value: () => number, type?: "counter"): void =>
    metrics.read({ name: `process_${name}`, help, ...(type && { type }) }, () => rowOf(value));
  figure("cpu_seconds_total", "User and system CPU time spent, in seconds.", cpuSeconds, "counter");
  figure("start_time_seconds", "When the process started, in seconds since the epoch.", () => STARTED);
  figure("resident_memory_bytes", "Resident memory in bytes.", () => process.memoryUsage.rss());
  figure("virtual_memory_bytes", "Virtual memory in bytes.", virtualBytes);
  figure("virtual_memory_max_bytes", "Virtual memory that it may have: no limit.", () => 2 ** 64);
  figure(
    "network_receive_bytes_total",
    "Bytes received, of the whole machine.",
    () => networkBytes(1),
    "counter",
  );
  figure(
    "network_transmit_bytes_total",
    "Bytes sent, of the whole machine.",
    () => networkBytes(9),
    "counter",
  );
  figure("open_fds", "Open file descriptors.", () => readdirSync("/proc/self/fd").length);
  figure("max_fds", "How many file descriptors may be open.", maxDescriptors);
}

const STARTED = Math.round(Date.now() - process.uptime() * 1000) / 1000;

/** A kernel that does not say gives no figure. */
function* rowOf(value: () => number): Generator<readonly [number]> {
  try {
    yield [value()];
  } catch {
    // then there is no row: a wrong one would be worse
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function virtualBytes(): number {
  return numberIn("/proc/self/status", /^VmSize:\s+(\d+)/m) * 1024;
}

function maxDescriptors(): number {
  return numberIn("/proc/self/limits", /^Max open files\s+(\d+)/m);
}

/** Column of /proc/net/dev after the interface's name, of all interfaces but the loopback. */
function networkBytes(column: number): number {
  const lines = readFileSync("/proc/self/net/dev", "utf8").trim().split("\n").slice(2);
  const rows = lines.map((line) => line.trim().split(/[:\s]+/)).filter(([name]) => name !== "lo");
  return rows.reduce((sum, row) => sum + Number(row[column]), 0);
}

function numberIn(file: string, pattern: RegExp): number {
  const found = pattern.exec(readFileSync(file, "utf8"))?.[1];
  if (!found) throw new SyntaxError(`Cannot find ${pattern} in ${file}`);
  return Number(found);
}
