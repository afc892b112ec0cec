/** What all servers of a cluster share, and how their store is opened: its Secrets are encrypted, with the key file in the servers' folder. */

import { mkdtempSync, rmSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { prefixOfResource } from "@knarr/distro/store/encrypted-kinds.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";

/** The folder of their keys, the store, and its administrator. */
export class Cluster implements Disposable {
  readonly folder: string;
  /** Of the store. */
  readonly address: string;
  readonly agent: Agent;

  /** Default: a database in the folder. */
  static async create(address?: string): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "knarr-faults-"));
    const certificates = new CertificateFolder(join(folder, "pki"));
    const authority = await certificates.authority("ca", "faults-ca");
    const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    const client = await certificates.leaf("admin", authority, admin);
    const agent = new Agent({ keepAlive: true, ca: authority.cert, cert: client.cert, key: client.key });
    return new Cluster(folder, agent, address ?? `sqlite://${join(folder, "state.db")}`);
  }

  private constructor(folder: string, agent: Agent, address: string) {
    this.folder = folder;
    this.agent = agent;
    this.address = address;
  }

  /** The store of servers that are gone. */
  openStore(): Promise<EncryptedStore> {
    return openStoreOf(this);
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** As servers do, by the address that is theirs. */
export async function openStoreOf({
  folder,
  address,
}: Pick<Cluster, "folder" | "address">): Promise<EncryptedStore> {
  return EncryptedStore.open({
    store: await openStore(address),
    keyFile: new KeyFile(join(folder, "secrets.key")),
    prefixes: [prefixOfResource("secrets")],
  });
}
