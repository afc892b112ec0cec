/**
 * A real API server on a socket of its own, with the controllers and the scheduler beside it, and the real kubectl and helm.
 *
 *     await using rig = await Rig.start();
 *     assert.match(await rig.kubectl("get", "nodes"), /^n1 +Ready/m);
 *
 * It has one node, n1, without anything that runs there: `./fake-kubelet.ts` says of its pods that they run; `parts` leaves all that away. Everything that
 * kubectl remembers between calls stays in the rig's folder.
 */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiServer, type ApiServer } from "@knarr/apiserver/server.ts";
import type { Api } from "@knarr/client/api.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { startControllers } from "@knarr/controllers/start.ts";
import { CertificateFolder, type KeyPair } from "@knarr/distro/pki/certificates.ts";
import { writeKubeconfig } from "@knarr/distro/pki/kubeconfig.ts";
import { startScheduler } from "@knarr/scheduler/start.ts";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { kubectlPath } from "../e2e/kubectl.ts";
import { startFakeKubelet } from "./fake-kubelet.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
}

/** No verb may take longer; those that wait say themselves for how long. */
const LIMIT_MS = 30_000;
const ALL = "system:authenticated";

export class Rig implements AsyncDisposable {
  readonly folder: string;
  readonly server: ApiServer;
  readonly api: Api;
  readonly authority: KeyPair;
  readonly certificates: CertificateFolder;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<Rig, "folder" | "server" | "api" | "authority" | "certificates">,
    stack: AsyncDisposableStack,
  ) {
    this.folder = parts.folder;
    this.server = parts.server;
    this.api = parts.api;
    this.authority = parts.authority;
    this.certificates = parts.certificates;
    this.#stack = stack;
  }

  static async start({ parts = "all" }: { readonly parts?: "all" | "server alone" } = {}): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "knarr-verbs-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const certificates = new CertificateFolder(join(folder, "pki"));
    const authority = await certificates.authority("ca", "rig-ca");
    const frontProxy = await certificates.authority("front-proxy-ca", "rig-front-proxy-ca");
    const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
    const serving = await certificates.leaf("apiserver", authority, own);
    const shown = await certificates.leaf("front-proxy-client", frontProxy, {
      commonName: "front-proxy-client",
      use: "client",
    });
    const store = stack.use(new MemoryStore());
    const listen = { host: "127.0.0.1", port: 0, certificate: serving.cert, key: serving.key };
    const server = stack.use(
      await createApiServer({
        store,
        listen: { ...listen, clientCa: authority.cert, frontProxyCa: frontProxy.cert },
        frontProxy: { certificate: shown.cert, key: shown.key },
        advertiseAddress: "192.0.2.1",
      }),
    );
    const as = (name: string, ...groups: string[]) =>
      stack.use(server.inProcess({ name, groups: [...groups, ALL] }, name.replace(/^system:/, "")));
    const admin = as("rig", "system:masters");
    if (parts === "all") {
      const common = { clock: realClock, log: silent };
      const manager = as("system:kube-controller-manager", "system:masters");
      const authorities = { rootCaPem: authority.cert, signingAuthority: authority };
      stack.use(await startControllers({ ...common, transport: manager, ...authorities }));
      stack.use(await startScheduler({ ...common, transport: as("system:kube-scheduler") }));
      stack.use(await startFakeKubelet(as("fake-kubelet", "system:masters"), "n1"));
    }
    const api = createApi(admin);
    const rig = new Rig({ folder, server, api, authority, certificates }, stack.move());
    const client = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    rig.#writeKubeconfig("admin", await certificates.leaf("admin", authority, client));
    return rig;
  }

  get url(): string {
    return `https://127.0.0.1:${this.server.address!.port}`;
  }

  /** What kubectl says when all is well; throws its complaint. */
  async kubectl(...words: string[]): Promise<string> {
    return this.#unlessFailed(words, await this.run(words));
  }

  /** The same with something to read from stdin, as in `apply -f -`. */
  async feed(input: string | object, ...words: string[]): Promise<string> {
    const text = typeof input === "string" ? input : JSON.stringify(input);
    return this.#unlessFailed(words, await this.run(words, { input: text }));
  }

  async json(...words: string[]): Promise<any> {
    return JSON.parse(await this.kubectl(...words, "-o", "json"));
  }

  #unlessFailed(words: readonly string[], { code, stdout, stderr }: Ended): string {
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  run(words: readonly string[], { input, env, program = kubectlPath() }: RunOptions = {}): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const options = {
        cwd: this.folder,
        env: { PATH: process.env["PATH"], HOME: this.folder, KUBECONFIG: this.file("admin.yaml"), ...env },
        timeout: LIMIT_MS,
        maxBuffer: 64 * 1024 * 1024,
      };
      const child = execFile(program, words, options, (err, stdout, stderr) => {
        if (err && typeof err.code !== "number")
          reject(new Error(`${words.join(" ")}: ${stdout}${stderr}`, { cause: err }));
        else resolve({ code: Number(err?.code ?? 0), stdout, stderr });
      });
      // A program that does not read what it is given ends the pipe.
      child.stdin!.on("error", () => {});
      child.stdin!.end(input);
    });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file into the folder where kubectl runs; returns its path. */
  write(name: string, content: string | object): string {
    const path = this.file(name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  }

  #writeKubeconfig(name: string, client: KeyPair): void {
    writeKubeconfig(this.file(`${name}.yaml`), { server: this.url, authority: this.authority.cert, client });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
