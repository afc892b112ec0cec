/**
 * A server process that is there to be killed: the folder on the command line has its keys, the store is at the address there. Tells its
 * parent its port.
 */

import { join } from "node:path";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { openStoreOf } from "./cluster.ts";

/** Revisions that are kept at a start: more than any watch is behind. */
const KEPT = 1000;
const [, , folder = "", address = ""] = process.argv;
process.on("disconnect", () => process.exit()); // nobody is left to kill it

const certificates = new CertificateFolder(join(folder, "pki"));
const authority = await certificates.authority("ca", "faults-ca");
const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
const { cert: certificate, key } = await certificates.leaf("apiserver", authority, own);
const store = await openStoreOf({ folder, address });
const listen = { host: "127.0.0.1", port: 0, certificate, key, clientCa: authority.cert };
const server = await createApiServer({ store, listen });
process.send!({ port: server.address!.port });
// Kills come more often than history is forgotten by itself; some must hit it all the same.
await store.compact(Math.max(0, store.revision - KEPT));
