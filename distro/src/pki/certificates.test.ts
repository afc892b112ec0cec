/** Certificates: made once, kept while good, made anew when old or when their names no longer fit. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CertificateFolder } from "./certificates.ts";

const DAY = 24 * 3600 * 1000;
const leaf = {
  commonName: "system:node:n1",
  organizations: ["system:nodes"],
  use: "both",
  names: ["n1"],
  addresses: ["192.0.2.1"],
} as const;

test("CertificateFolder keeps a good certificate and replaces an old or unfitting one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-pki-"));
  try {
    const now = Date.now();
    const today = new CertificateFolder(folder, now);
    const authority = await today.authority("ca", "test-ca");
    const first = await today.leaf("agent", authority, leaf);
    assert.equal(statSync(join(folder, "agent.key")).mode & 0o777, 0o600);
    assert.equal((await today.leaf("agent", authority, leaf)).cert, first.cert);

    const later = new CertificateFolder(folder, now + 300 * DAY);
    assert.equal((await later.authority("ca", "test-ca")).cert, authority.cert);
    assert.notEqual((await later.leaf("agent", authority, leaf)).cert, first.cert);

    const moved = await today.leaf("agent", authority, { ...leaf, addresses: ["192.0.2.2"] });
    const parsed = new X509Certificate(moved.cert);
    assert.ok(parsed.checkIP("192.0.2.2"));
    assert.ok(parsed.verify(new X509Certificate(authority.cert).publicKey));
    assert.equal(parsed.subject, "O=system:nodes\nCN=system:node:n1");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
