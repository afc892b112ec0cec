/**
 * A machine to run a whole Knarr on, for tests: a network namespace of its own with an address, a default route and a neighbour
 * (the `lan`), folders of its own, a control group of its own. Everything goes when it is disposed of, and `traces` says what did not. A second
 * machine may share the lan of the first, which then routes between them:
 *
 *     ┌ lan 192.0.2.1    ┐── veth ──┌ host 192.0.2.10: knarr up, containerd, pods ┐
 *     └     198.51.100.1 ┘── veth ──┌ host 198.51.100.10: another               ┐
 */

import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kubectlPath } from "./kubectl.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");

export const HOST_ADDRESS = "192.0.2.10";
export const LAN_ADDRESS = "192.0.2.1";

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why no machine can be made here; false when one can. */
export function cannotMakeMachine(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  if (spawnSync("unshare", ["--net", "true"]).status !== 0) return "needs network namespaces";
  for (const program of ["containerd", "runc", "nft", "ip"]) {
    if (spawnSync("which", [program]).status !== 0) return `needs ${program}`;
  }
  return false;
}

/** Where a machine stands: its address, its way out, and the name of that way at the neighbour. */
const FIRST = { address: HOST_ADDRESS, gateway: LAN_ADDRESS, link: "eth0", node: "n1" };
const SECOND = { address: "198.51.100.10", gateway: "198.51.100.1", link: "eth1", node: "n2" };

export class Machine implements AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly host: string;
  readonly lan: string;
  /** Whose lan it shares. */
  readonly #neighbour: Machine | undefined;

  private constructor(name: string, neighbour: Machine | undefined) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), `${name}-`));
    this.host = `${name}-host`;
    this.lan = neighbour?.lan ?? `${name}-lan`;
    this.#neighbour = neighbour;
  }

  static async create(name = `knarr-${process.pid}`): Promise<Machine> {
    const machine = new Machine(name, undefined);
    const { lan } = machine;
    await run("ip", ["netns", "add", lan]);
    await run("ip", ["-n", lan, "link", "set", "lo", "up"]);
    await machine.#connect();
    return machine;
  }

  /** One that is gone before its neighbour is. */
  static async createBeside(neighbour: Machine): Promise<Machine> {
    const machine = new Machine(`${neighbour.name}-2`, neighbour);
    await machine.#connect();
    await machine.exec("sysctl", ["-q", "-w", "net.ipv4.ip_forward=1"], { from: "lan" });
    return machine;
  }

  async #connect(): Promise<void> {
    const { host, lan } = this;
    const { address, gateway, link } = this.#place;
    for (const words of [
      ["netns", "add", host],
      ["-n", host, "link", "set", "lo", "up"],
      ["-n", host, "link", "add", "eth0", "type", "veth", "peer", "name", link, "netns", lan],
      ["-n", host, "address", "add", `${address}/24`, "dev", "eth0"],
      ["-n", lan, "address", "add", `${gateway}/24`, "dev", link],
      ["-n", host, "link", "set", "eth0", "up"],
      ["-n", lan, "link", "set", link, "up"],
      ["-n", host, "route", "add", "default", "via", gateway],
    ]) {
      await run("ip", words);
    }
  }

  get #place(): typeof FIRST {
    return this.#neighbour ? SECOND : FIRST;
  }

  get address(): string {
    return this.#place.address;
  }

  get node(): string {
    return this.#place.node;
  }

  get kubeconfig(): string {
    return join(this.folder, "admin.yaml");
  }

  /** What every command of this machine's Knarr is told. */
  get environment(): NodeJS.ProcessEnv {
    // Whatever a developer's own shell says of Knarr is not for this machine.
    const outside = Object.entries(process.env).filter(([name]) => !name.startsWith("KNARR_"));
    return {
      ...Object.fromEntries(outside),
      KNARR_CONFIG: "/etc/knarr/config.yaml",
      KNARR_DATA_DIR: join(this.folder, "data"),
      KNARR_RUN_DIR: join(this.folder, "run"),
      KNARR_LOG_DIR: join(this.folder, "log"),
      KNARR_POD_LOG_DIR: join(this.folder, "pods"),
      KNARR_CONTAINER_LOG_DIR: join(this.folder, "containers"),
      KNARR_IMAGES: join(this.folder, "images"),
      KNARR_KUBECONFIG: this.kubeconfig,
      KNARR_CGROUP_ROOT: this.name,
      KNARR_NODE_NAME: this.node,
      KUBECONFIG: this.kubeconfig,
      HOME: this.folder,
    };
  }

  /** Runs a program on the machine; never throws for its exit code. */
  exec(
    program: string,
    words: readonly string[],
    options: { readonly input?: string; readonly from?: "host" | "lan" } = {},
  ): Promise<Result> {
    const child = this.spawn(program, words, options.from);
    child.stdin!.on("error", () => {}); // it did not want to read all: its exit code tells
    child.stdin!.end(options.input ?? "");
    let [stdout, stderr] = ["", ""];
    child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  }

  /** Starts a program on the machine (or on its neighbour), with pipes. Mounts and control groups are the real ones. */
  spawn(program: string, words: readonly string[], from: "host" | "lan" = "host"): ChildProcess {
    const namespace = `/var/run/netns/${from === "host" ? this.host : this.lan}`;
    return spawn("nsenter", [`--net=${namespace}`, program, ...words], {
      env: this.environment,
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  knarr(...words: string[]): Promise<Result> {
    return this.exec(join(root, "bin", "knarr"), words);
  }

  /** Runs kubectl; throws with its words when it fails. */
  async kubectl(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.exec(kubectlPath(), words);
    if (code !== 0)
      throw new Error(`kubectl ${words.join(" ")} failed (${code}): ${stderr.trim() || stdout.trim()}`);
    return stdout;
  }

  /** Fetches a page from the machine or its neighbour; the body, or why not. */
  async fetch(url: string, from: "host" | "lan" = "host"): Promise<string> {
    const source = `fetch(process.argv[1], { signal: AbortSignal.timeout(5000) })
      .then(async (answer) => process.stdout.write(await answer.text()))
      .catch((err) => { process.stderr.write(String(err.cause ?? err)); process.exitCode = 1; })`;
    const { code, stdout, stderr } = await this.exec(process.execPath, ["-e", source, url], { from });
    if (code !== 0) throw new Error(`Cannot fetch ${url} from ${from}: ${stderr}`);
    return stdout;
  }

  /** Knarr's own logs, for a test that failed. */
  logs(): string {
    return globSync(join(this.folder, "log", "*.log"))
      .map((file) => `--- ${file}\n${readFileSync(file, "utf8").split("\n").slice(-60).join("\n")}`)
      .join("\n");
  }

  /** What Knarr left on this machine after `knarr down`. */
  async traces(): Promise<string[]> {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(`${this.folder}/`));
    const { stdout: processes } = await this.exec("sh", [
      "-c",
      `grep -l -a -- ${this.folder} /proc/[0-9]*/cmdline 2>/dev/null || true`,
    ]);
    const { stdout: tables } = await this.exec("nft", ["list", "tables"]);
    const { stdout: links } = await this.exec("ip", ["-brief", "link"]);
    const { stdout: addresses } = await this.exec("ip", ["-brief", "-4", "address", "show", "dev", "lo"]);
    const groups = globSync([`/sys/fs/cgroup/${this.name}`, `/sys/fs/cgroup/*/${this.name}`]);
    const own = processes
      .split("\n")
      .filter((file) => file && !file.includes(`/${process.pid}/`) && existsSync(file));
    return [
      ...mounts.map((line) => `mount ${line.split(" ")[4]}`),
      ...own.map((file) => `process ${readFileSync(file, "utf8").replaceAll("\0", " ")}`),
      ...tables.split("\n").filter((line) => line.includes("knarr")),
      ...links
        .split("\n")
        .filter((line) => line && !/^(lo|eth0)/.test(line))
        .map((line) => `link ${line}`),
      ...addresses
        .split("\n")
        .filter((line) => line.includes("10.43."))
        .map((line) => `address ${line}`),
      ...groups.map((path) => `control group ${path}`),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(join(this.folder, "run"))) await this.knarr("down", "--grace-period=0");
    await run("ip", ["netns", "delete", this.host]);
    if (!this.#neighbour) await run("ip", ["netns", "delete", this.lan]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
