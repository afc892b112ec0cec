/**
 * What must be true of this machine before anything starts. Each failure is one sentence that says what is wrong and what
 * to do; nothing has been changed by then.
 */

import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Config } from "./options.ts";

/** Wrong about the machine, not about the words on the command line. */
export class PreflightError extends Error {
  override readonly name = "PreflightError";
}

const MIB = 1 << 20;
/** A new cluster comes to 3 MB, and the log of its store to 16 under load. */
const LEAST_FREE_BYTES = 32 * MIB;
/** Images, volumes and logs want room, too, and take it from the store. */
const AMPLE_BYTES = 512 * MIB;

const programs = ["containerd", "runc", "nft", "ip", "conntrack", "mount", "umount", "catatonit"] as const;
const packageOf: Partial<Record<(typeof programs)[number], string>> = {
  nft: "nftables",
  ip: "iproute2",
  umount: "mount",
};

/** Capabilities without which no container starts, by their bit. */
const capabilities = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n, CAP_SYS_CHROOT: 18n, CAP_MKNOD: 27n } as const;

/** Resolves with what is not wrong and should be known, in sentences. */
export async function preflight(config: Config): Promise<readonly string[]> {
  const needsNode = !config.disable.includes("agent");
  if (process.getuid?.() !== 0)
    throw new PreflightError("Cannot start: Knarr must run as root; try it with sudo");
  if (needsNode) {
    checkCapabilities(readFileSync("/proc/self/status", "utf8"));
    checkCgroups(readFileSync("/proc/self/mountinfo", "utf8"));
    checkPrograms(config["cni-bin-dir"]);
  }
  for (const folder of ["data-dir", "run-dir", "log-dir"] as const) checkFolder(folder, config[folder]);
  checkFolder("kubeconfig", dirname(config.kubeconfig));
  const warning = checkSpace(config["data-dir"]);
  await checkPort("https-port", config["https-port"], config["bind-address"]);
  if (needsNode) await checkPort("agent-port", config["agent-port"], "0.0.0.0");
  return warning ? [warning] : [];
}

function checkCapabilities(status: string): void {
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const missing = Object.entries(capabilities).filter(([, bit]) => (held & (1n << bit)) === 0n);
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(", ");
  throw new PreflightError(
    `Cannot start: this process lacks ${names}; run it outside a container, or in one that is privileged`,
  );
}

function checkCgroups(mountinfo: string): void {
  const hasUnified = / \/sys\/fs\/cgroup [^-]*- cgroup2 /.test(mountinfo);
  const hasLegacy = ["cpu", "memory", "pids"].every((name) =>
    new RegExp(`- cgroup \\S+ \\S*\\b${name}\\b`).test(mountinfo),
  );
  if (hasUnified || hasLegacy) return;
  throw new PreflightError(
    "Cannot start: no control groups are mounted; mount cgroup2 on /sys/fs/cgroup, or the v1 controllers cpu, memory and pids below it",
  );
}

function checkPrograms(cniFolder: string): void {
  const folders = (process.env["PATH"] ?? "").split(":").concat("/usr/sbin", "/usr/bin");
  const missing = programs
    .filter((name) => !folders.some((folder) => folder && existsSync(join(folder, name))))
    .map((name) => packageOf[name] ?? name);
  if (!existsSync(join(cniFolder, "ptp"))) missing.push("containernetworking-plugins");
  if (missing.length === 0) return;
  throw new PreflightError(
    `Cannot start: missing ${missing.join(", ")}; \`npm start\` installs them, or: apt-get install ${missing.join(" ")}`,
  );
}

function checkFolder(name: string, path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (err) {
    throw new PreflightError(
      `Cannot use --${name} ${path}: ${(err as Error).message.split(",")[0]}; choose a folder that can be written`,
    );
  }
}

/** A cluster that is there already starts on a full disk: it answers reads, says what it lacks, and goes on by itself when there is room. */
function checkSpace(folder: string): string | undefined {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= AMPLE_BYTES) return undefined;
  const [has, wants] = [free, LEAST_FREE_BYTES].map((bytes) => `${Math.floor(bytes / MIB)} MiB`);
  if (free >= LEAST_FREE_BYTES || existsSync(join(folder, "pki")))
    return `The disk of ${folder} has ${has} left. When it is full, nothing can be written to the cluster until there is room again.`;
  throw new PreflightError(
    `Cannot start: the disk of ${folder} has ${has} left and ${wants} are wanted; free some, or choose another --data-dir`,
  );
}

function checkPort(name: string, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = createServer();
  probe.once("error", (err: NodeJS.ErrnoException) => {
    const why = err.code === "EADDRINUSE" ? "another program listens there" : err.message;
    reject(
      new PreflightError(
        `Cannot listen on port ${port}: ${why}; end it, or choose another port with --${name}`,
      ),
    );
  });
  probe.listen({ port, host: address, exclusive: true }, () => probe.close(() => resolve()));
  return promise;
}
