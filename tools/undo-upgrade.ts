/**
 * An upgrade of the store's file, undone as docs/guide.md says, with the whole program of an older commit: `tools/run tools/undo-upgrade.ts [COMMIT…]`.
 * Without commits: the last ones of each older format. The older one makes a cluster, this one upgrades it and writes to it, the older one
 * refuses that file, and has all it had after the file is restored. Needs root, and the commits in the clone.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectlPath } from "../test/e2e/kubectl.ts";
import { Machine } from "../test/e2e/machine.ts";

/** Formats 1 and 2. */
const LAST_OF_FORMATS = ["437864c", "c988d64"];
const root = join(import.meta.dirname, "..");
const OBJECTS = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "story" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "story" }, data: { a: "1" } },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "story" },
    stringData: { word: "mellon" },
  },
  {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "story" } },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "story" } },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  },
  {
    ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
    metadata: { name: "boats.example.io" },
    spec: {
      ...{ group: "example.io", scope: "Namespaced", names: { plural: "boats", kind: "Boat" } },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
  },
];
const BOAT = { apiVersion: "example.io/v1", kind: "Boat", metadata: { name: "b", namespace: "story" } };

for (const commit of process.argv.length > 2 ? process.argv.slice(2) : LAST_OF_FORMATS) await story(commit);

async function story(commit: string): Promise<void> {
  const older = mkdtempSync(join(tmpdir(), "knarr-older-"));
  execFileSync("git", ["-C", root, "worktree", "add", "-q", "--force", "--detach", older, commit]);
  try {
    execFileSync("cp", ["-al", join(root, "node_modules"), join(older, "node_modules")]);
    await using machine = await Machine.create(`knarr-undo-${process.pid}`);
    await run(machine, older);
    console.log(`${commit}: upgraded and undone`);
  } finally {
    execFileSync("git", ["-C", root, "worktree", "remove", "--force", older]);
    rmSync(older, { recursive: true, force: true });
  }
}

async function run(machine: Machine, older: string): Promise<void> {
  const upOf = (tree: string) =>
    knarr(machine, tree, "up", "--detach", "--disable=agent,proxy,dns,scheduler,controllers");
  await upOf(older);
  await apply(machine, OBJECTS);
  await machine.kubectl("wait", "--for=condition=Established", "crd/boats.example.io");
  await apply(machine, [BOAT]);
  const before = await contents(machine);
  await knarr(machine, older, "down");

  await upOf(root);
  assert.deepEqual((await contents(machine)).own, before.own, "the upgraded cluster has what it had");
  await machine.kubectl("create", "configmap", "later", "-n", "story");
  await knarr(machine, root, "down");

  for (const words of [
    ["up", "--detach", "--disable=agent,proxy,dns"],
    ["store", "status"],
    ["store", "check"],
  ]) {
    const { code, stderr, stdout } = await machine.exec(join(older, "bin", "knarr"), words);
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      /it has format \d, .* up to \d\. Run the newer version|there is no such command/,
    );
  }
  const [copy] = globSync(join(machine.folder, "data/server/state.db.format-?"));
  await knarr(machine, root, "store", "restore", copy!);
  await upOf(older);
  const after = await contents(machine);
  assert.deepEqual(after, before, "the older version has all it had, and nothing else");
  await machine.kubectl("create", "configmap", "again", "-n", "story");
  await knarr(machine, older, "down");
  assert.match(await knarr(machine, root, "store", "check"), /no problems/);
}

async function knarr(machine: Machine, tree: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.exec(join(tree, "bin", "knarr"), words);
  assert.equal(code, 0, `${tree}: knarr ${words.join(" ")}: ${stderr}${stdout}${machine.logs()}`);
  return stdout;
}

async function apply(machine: Machine, items: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const { code, stderr } = await machine.exec(kubectlPath(), ["create", "-f", "-"], { input });
  assert.equal(code, 0, stderr);
}

/** Whole objects of our own, and the names of all there are. Leases are renewed and events come by themselves. */
async function contents(machine: Machine): Promise<{ own: object[]; names: string[] }> {
  const kinds = (await machine.kubectl("api-resources", "--verbs=list", "-o", "name")).trim().split("\n");
  const wanted = kinds.filter((kind) => !/^(events|leases|componentstatuses|.*metrics\.k8s\.io)/.test(kind));
  const list = await machine.kubectl("get", wanted.join(","), "-A", "-o", "json", "--show-managed-fields");
  const { items } = JSON.parse(list) as { items: any[] };
  const nameOf = ({ kind, metadata }: any) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
  const isOwn = ({ metadata }: any) => metadata.namespace === "story" || /^(story|boats)/.test(metadata.name);
  return { own: items.filter(isOwn), names: items.map(nameOf).sort() };
}
