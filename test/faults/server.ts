/** A server process that is there to be killed: the folder on the command line has its database and its keys. Tells its parent its port. */

import { join } from "node:path";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { prefixOfResource } from "@knarr/distro/store/encrypted-kinds.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";

/** Revisions that are kept at a start: more than any watch is behind. */
const KEPT = 1000;
const folder = process.argv[2]!;
process.on("disconnect", () => process.exit()); // nobody is left to kill it

const certificates = new CertificateFolder(join(folder, "pki"));
const authority = await certificates.authority("ca", "faults-ca");
const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
const { cert: certificate, key } = await certificates.leaf("apiserver", authority, own);
const store = await EncryptedStore.open({
  store: await SqliteStore.open({ path: join(folder, "state.db") }),
  keyFile: new KeyFile(join(folder, "secrets.key")),
  prefixes: [prefixOfResource("secrets")],
});
const listen = { host: "127.0.0.1", port: 0, certificate, key, clientCa: authority.cert };
const server = await createApiServer({ store, listen });
process.send!({ port: server.address!.port });
// Kills come more often than history is forgotten by itself; some must hit it all the same.
await store.compact(Math.max(0, store.revision - KEPT));
