/** A real etcd for tests: one process on free ports, in a temporary folder, that ends with the test. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@knarr/std/clock.ts";
import { EtcdConnection, type EtcdTls } from "../etcd/connection.ts";
import { EVERYTHING } from "../etcd/keys.ts";
import { deleteRange, range } from "../etcd/rpc.ts";

/** Debian's first, then a newer one that comparisons with upstream have left here. */
export const programs = ["/usr/bin/etcd", "/var/cache/knarr-conformance/bin/etcd"].filter(existsSync);

/** Why tests with etcd cannot run here. */
export const skipEtcd =
  programs.length > 0 ? false : "needs etcd: apt-get install etcd-server --no-install-recommends";

export interface EtcdFlags {
  readonly program?: string;
  readonly flags?: readonly string[];
  /** With it, members speak TLS, and this is how they are spoken to; `flags` names their certificates. */
  readonly tls?: EtcdTls;
}

export class TestEtcd implements AsyncDisposable {
  readonly endpoint: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "knarr-etcd-"));
  readonly #program: string;
  readonly #arguments: readonly string[];
  readonly #tls: EtcdTls | undefined;
  #process: ChildProcess | undefined;

  static async start({ program = programs[0]!, flags = [], tls }: EtcdFlags = {}): Promise<TestEtcd> {
    const etcd = new TestEtcd(await freePorts(), { program, flags, tls });
    await etcd.start();
    return etcd;
  }

  /** Members of one cluster, by their names. They need each other to begin. */
  static async startTogether(names: readonly string[]): Promise<TestEtcd[]> {
    const ports: [number, number][] = [];
    for (const _ of names) ports.push(await freePorts());
    const urls = names.map((name, i) => `${name}=http://127.0.0.1:${ports[i]![1]}`);
    const members = names.map((name, i) => {
      const flags = [`--name=${name}`, `--initial-cluster=${urls.join(",")}`];
      return new TestEtcd(ports[i]!, { program: programs[0]!, flags, tls: undefined });
    });
    await Promise.all(members.map((member) => member.start()));
    return members;
  }

  private constructor(
    [client, peer]: readonly [number, number],
    {
      program,
      flags,
      tls,
    }: Required<Pick<EtcdFlags, "program" | "flags">> & { readonly tls: EtcdTls | undefined },
  ) {
    this.#tls = tls;
    this.endpoint = `127.0.0.1:${client}`;
    this.#program = program;
    const [clients, peers] = [`${tls ? "https" : "http"}://${this.endpoint}`, `http://127.0.0.1:${peer}`];
    this.#arguments = [
      `--data-dir=${this.#folder}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      "--max-request-bytes=8388608",
      ...flags,
    ];
  }

  get version(): string {
    const { stdout } = spawnSync(this.#program, ["--version"], { encoding: "utf8" });
    return /Version: (\S+)/.exec(stdout)![1]!;
  }

  /** Starts it, again after `kill`; resolves when it answers. */
  async start(): Promise<void> {
    this.#process = spawn(this.#program, this.#arguments, { stdio: "ignore" });
    using connection = this.#connection();
    await connection.read(range, { key: Buffer.from("a") });
  }

  /** Ends it as a loss of power would. What it has stays. */
  async kill(): Promise<void> {
    if (!this.#process) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
    this.#process = undefined;
  }

  /** It is there and does not answer, until `resume`. Resolves when that is so: on a busy machine its threads do not stop at once. */
  async pause(): Promise<void> {
    const { pid } = this.#process!;
    this.#process!.kill("SIGSTOP");
    while (!areStopped(pid!)) await new Promise(setImmediate);
  }

  resume(): void {
    this.#process!.kill("SIGCONT");
  }

  /** Removes all keys; revisions go on. Answers with the revision it is at. */
  async clear(): Promise<number> {
    using connection = this.#connection();
    await connection.read(deleteRange, EVERYTHING);
    return this.revision();
  }

  async revision(): Promise<number> {
    using connection = this.#connection();
    return (await connection.read(range, { key: Buffer.from("a") })).header.revision;
  }

  /** How many it has answered, whatever the answer was. */
  async transactions(): Promise<number> {
    const figures = await (await fetch(`http://${this.endpoint}/metrics`)).text();
    const rows = figures.matchAll(/^grpc_server_handled_total\{.*grpc_method="Txn".*\} (\d+)$/gm);
    return [...rows].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  #connection(): EtcdConnection {
    const tls = this.#tls;
    return new EtcdConnection({ endpoints: [this.endpoint], ...(tls && { tls }) }, realClock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Whether all threads of a process are. */
function areStopped(pid: number): boolean {
  return globSync(`/proc/${pid}/task/*/stat`).every((path) => /\) T /.test(readFileSync(path, "utf8")));
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await once(server.close(), "close");
  return ports as [number, number];
}
