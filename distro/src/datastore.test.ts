/** Files for etcd's TLS that cannot be used are named, with what is wrong with them. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readConfig } from "./config.ts";
import { datastoreTls } from "./datastore.ts";
import { CertificateFolder } from "./pki/certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-datastore-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

test("datastoreTls reads what fits together, and says which file does not", async () => {
  const certificates = new CertificateFolder(folder);
  const authority = await certificates.authority("ca", "ca");
  for (const name of ["one", "two"])
    await certificates.leaf(name, authority, { commonName: name, use: "client" });
  writeFileSync(at("words"), "no certificate\n");
  const tls = ([ca, certificate, key]: readonly [ca: string, certificate: string, key: string]) =>
    datastoreTls(
      readConfig([
        `--datastore-cafile=${at(ca)}`,
        `--datastore-certfile=${at(certificate)}`,
        `--datastore-keyfile=${at(key)}`,
      ]).config,
    );
  assert.equal(tls(["ca.crt", "one.crt", "one.key"]).tls?.ca?.toString(), authority.cert);
  for (const [files, wrong] of [
    [["gone", "one.crt", "one.key"], /^Cannot use --datastore-cafile .*gone: ENOENT/],
    [["words", "one.crt", "one.key"], /-cafile .*words: there is no certificate in it \(PEM\)$/],
    [["ca.crt", "words", "one.key"], /-certfile .*words: there is no certificate in it/],
    [["ca.crt", "one.crt", "one.crt"], /-keyfile .*one\.crt: there is no private key in it/],
    [["ca.crt", "one.crt", "two.key"], /-keyfile .*two\.key: it is not the key of .*one\.crt$/],
  ] as const)
    assert.throws(() => tls(files), { message: wrong });
});
