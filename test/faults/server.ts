/** A server process that is there to be killed: the folder on the command line has its database and its keys. Tells its parent its port. */

import { join } from "node:path";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";

const folder = process.argv[2]!;
process.on("disconnect", () => process.exit()); // nobody is left to kill it

const certificates = new CertificateFolder(join(folder, "pki"));
const authority = await certificates.authority("ca", "faults-ca");
const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
const { cert: certificate, key } = await certificates.leaf("apiserver", authority, own);
const store = await SqliteStore.open({ path: join(folder, "state.db") });
const listen = { host: "127.0.0.1", port: 0, certificate, key, clientCa: authority.cert };
const server = await createApiServer({ store, listen });
process.send!({ port: server.address!.port });
