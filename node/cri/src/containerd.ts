/**
 * containerd as a process of our own: its configuration, its start, its revival when it dies.
 *
 * It runs detached, in a session of its own, so that neither our end nor `kill -9` of us takes it (or a pod) along.
 * The next `startContainerd` with the same directories finds it by its pid file and adopts it. Its own death does not
 * stop containers either: their shims live on, and the containerd started in its place finds them again.
 */

import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { silent, type Logger } from "@knarr/std/log.ts";
import { containerdConfig, type ContainerdConfig } from "./containerd-config.ts";
import { lookAtHost, type Host } from "./host.ts";
import { isRpcUnimplemented } from "./connection.ts";
import { RuntimeClient } from "./runtime-client.ts";

export interface ContainerdOptions extends ContainerdConfig {
  readonly logFile: string;
  /** Default /usr/bin/containerd. */
  readonly binary?: string;
  readonly log?: Logger;
}

/** Disposing lets go of containerd and leaves it running; `stop` ends it. */
export interface Containerd extends AsyncDisposable {
  readonly socket: string;
  readonly pid: number;
  readonly host: Host;
  /** It was running already: its configuration is that of whoever started it. */
  readonly adopted: boolean;
  /** Ends containerd itself. Running containers stay, with their shims: stop pods first if they are to go. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const WATCH_INTERVAL_MS = 1_000;

/** Resolves when containerd answers. From then until disposal it is started again whenever it dies. */
export async function startContainerd(options: ContainerdOptions, signal?: AbortSignal): Promise<Containerd> {
  const log = options.log ?? silent;
  const host = lookAtHost(options.root);
  for (const directory of [options.root, options.state, dirname(options.socket), dirname(options.logFile)])
    mkdirSync(directory, { recursive: true, mode: 0o711 });
  const pidFile = join(options.state, "containerd.pid");
  const configFile = join(options.root, "config.toml");

  const found = runningPid(pidFile, configFile);
  let pid = found ?? launch(options, host, pidFile, configFile);
  try {
    await untilServing(options, () => isRunning(pid, configFile), signal);
  } catch (err) {
    if (found === undefined) await terminate(pid, configFile);
    throw err;
  }
  if (found === undefined) log.info("Started containerd", { pid, socket: options.socket });
  else log.info("Found containerd running", { pid, socket: options.socket });

  const watching = new AbortController();
  const watched = watch();
  return {
    socket: options.socket,
    host,
    adopted: found !== undefined,
    get pid() {
      return pid;
    },
    async stop() {
      watching.abort();
      await watched;
      await terminate(pid, configFile);
      rmSync(pidFile, { force: true });
    },
    async [Symbol.asyncDispose]() {
      watching.abort();
      await watched;
    },
  };

  /** An adopted process is not our child, so its death is not announced: look once a second, which costs one syscall. */
  async function watch(): Promise<void> {
    for (let failures = 0; ;) {
      try {
        await delay(Math.min(WATCH_INTERVAL_MS * 2 ** failures, 30_000), undefined, {
          signal: watching.signal,
          ref: false,
        });
      } catch {
        return; // disposed of
      }
      if (isRunning(pid, configFile)) continue;
      log.error("Found containerd dead, starting it again", { pid });
      try {
        pid = launch(options, host, pidFile, configFile);
        await untilServing(options, () => isRunning(pid, configFile), watching.signal);
        failures = 0;
        log.info("Started containerd again", { pid });
      } catch (err) {
        if (watching.signal.aborted) return;
        failures++;
        log.error("Could not start containerd again", { error: err });
      }
    }
  }
}

function launch(options: ContainerdOptions, host: Host, pidFile: string, configFile: string): number {
  writeFileSync(configFile, containerdConfig(options, host), { mode: 0o600 });
  rmSync(options.socket, { force: true }); // of one that died: nobody must connect to it
  const logFile = openSync(options.logFile, "a", 0o600);
  try {
    const child = spawn(options.binary ?? "/usr/bin/containerd", ["--config", configFile], {
      detached: true,
      stdio: ["ignore", logFile, logFile],
      cwd: "/",
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TMPDIR: "/tmp" },
    });
    child.on("error", () => {}); // reported by untilServing: the process is not there
    child.unref();
    if (child.pid === undefined)
      throw new Error(`Cannot start ${options.binary ?? "/usr/bin/containerd"}: is containerd installed?`);
    writeFileSync(pidFile, `${child.pid}\n`, { mode: 0o600 });
    return child.pid;
  } finally {
    closeSync(logFile);
  }
}

/** Waits until it answers as a CRI runtime, or throws with the end of its log when it gives up. */
async function untilServing(
  options: ContainerdOptions,
  isAlive: () => boolean,
  signal?: AbortSignal,
): Promise<void> {
  using runtime = new RuntimeClient(options.socket);
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      // waits for the socket to be there, not longer than it takes to see that the process is gone
      await runtime.version({ timeoutMs: 500, idempotent: true });
      return;
    } catch (err) {
      if (isAlive() && Date.now() < deadline && !isRpcUnimplemented(err)) {
        await delay(5); // it answers, but is not initialised yet
        continue;
      }
      throw new Error(`Cannot start containerd: ${lastLines(options.logFile)}`, { cause: err });
    }
  }
}

function runningPid(pidFile: string, configFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    return isRunning(pid, configFile) ? pid : undefined;
  } catch {
    return undefined; // no pid file: never started, or stopped
  }
}

/** Alive and really ours: pids are used again. */
function isRunning(pid: number, configFile: string): boolean {
  try {
    if (!readlinkSync(`/proc/${pid}/exe`)) return false;
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(configFile);
  } catch {
    return false; // gone, or a zombie
  }
}

async function terminate(pid: number, configFile: string): Promise<void> {
  for (const [signal, waits] of [
    ["SIGTERM", 500],
    ["SIGKILL", 100],
  ] as const) {
    if (!isRunning(pid, configFile)) return;
    process.kill(pid, signal);
    for (let i = 0; i < waits && isRunning(pid, configFile); i++) await delay(20);
  }
}

function lastLines(file: string): string {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const telling = lines.filter((line) =>
    /level=(fatal|error)|^containerd:|load plugin io.containerd.grpc.v1.cri"/.test(line),
  );
  return (telling.length ? telling : lines).slice(-3).join("; ") || `see ${file}`;
}
