/** A server that is killed and started again, over one folder, and an administrator's way to whichever runs. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";

export interface Reply {
  readonly code: number;
  readonly body: any;
}

export class KilledServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #agent: Agent;
  #process: ChildProcess | undefined;
  /** The port of the one that runs; resolves when it does. */
  #port = Promise.withResolvers<number>();

  private constructor(folder: string, agent: Agent) {
    this.#folder = folder;
    this.#agent = agent;
  }

  static async start(): Promise<KilledServer> {
    const folder = mkdtempSync(join(tmpdir(), "knarr-faults-"));
    const certificates = new CertificateFolder(join(folder, "pki"));
    const authority = await certificates.authority("ca", "faults-ca");
    const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    const client = await certificates.leaf("admin", authority, admin);
    const agent = new Agent({ keepAlive: true, ca: authority.cert, cert: client.cert, key: client.key });
    const server = new KilledServer(folder, agent);
    await server.startAgain();
    return server;
  }

  async startAgain(): Promise<void> {
    const child = (this.#process = fork(join(import.meta.dirname, "server.ts"), [this.#folder]));
    const started = once(child, "message").then(([message]) => message.port as number);
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`The server ended with ${code ?? signal} before it was ready`);
    });
    ended.catch(() => {}); // said once, by the race
    this.#port.resolve(await Promise.race([started, ended]));
  }

  /** SIGKILL, and gone when this resolves. */
  async kill(): Promise<void> {
    const child = this.#process!;
    this.#port = Promise.withResolvers();
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
    this.#agent.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Resolves when a server runs. */
  async running(): Promise<void> {
    await this.#port.promise;
  }

  /** Undefined when no answer came: it may have been done or not. Waits for a server that runs. */
  async send(method: string, path: string, body?: object): Promise<Reply | undefined> {
    const port = await this.#port.promise;
    const bytes = body && Buffer.from(JSON.stringify(body));
    const headers = bytes ? { "content-type": "application/json", "content-length": bytes.length } : {};
    return new Promise((resolve) => {
      const asked = request(
        { host: "127.0.0.1", port, agent: this.#agent, method, path, headers },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => void chunks.push(chunk));
          answer.on("error", () => resolve(undefined));
          answer.on("end", () =>
            resolve({ code: answer.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) }),
          );
        },
      );
      asked.on("error", () => resolve(undefined));
      asked.end(bytes);
    });
  }
}
