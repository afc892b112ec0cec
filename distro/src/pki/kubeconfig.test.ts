/** Kubeconfigs: private, and merged without losing what others put there. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { load } from "js-yaml";
import { mergeKubeconfig, writeKubeconfig } from "./kubeconfig.ts";

const access = { server: "https://192.0.2.1:6443", authority: "CA", client: { cert: "CERT", key: "KEY" } };

test("mergeKubeconfig keeps other clusters, replaces our own, and makes it current", () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-kubeconfig-"));
  try {
    const path = join(folder, "config");
    const work = { name: "work", cluster: { server: "https://work.example" } };
    writeFileSync(
      path,
      JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [work], preferences: { colors: true } }),
    );
    mergeKubeconfig(path, { ...access, server: "https://old.example" });
    mergeKubeconfig(path, access);

    const merged = load(readFileSync(path, "utf8")) as any;
    assert.deepEqual(
      merged.clusters.map(({ name }: { name: string }) => name),
      ["work", "knarr"],
    );
    assert.equal(merged.clusters[1].cluster.server, access.server);
    assert.deepEqual([merged["current-context"], merged.preferences], ["knarr", { colors: true }]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("writeKubeconfig lets nobody else read the administrator's key", () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-kubeconfig-"));
  try {
    writeKubeconfig(join(folder, "etc", "admin.yaml"), access);
    assert.equal(statSync(join(folder, "etc", "admin.yaml")).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
