/** Changing what is there: apply both ways, diff, edit, label, annotate, patch, replace, kustomize. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync } from "node:fs";
import { after, test } from "node:test";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const kubectl = (...words: string[]): Promise<string> => rig.kubectl(...words);

const configMap = (name: string, data: object, labels?: object) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...(labels && { labels }) },
  data,
});
const dataOf = async (name: string): Promise<object> => (await rig.json("get", "configmap", name)).data;

function deployment(name: string, { replicas = 1, image = "web:1", env = [] as object[] } = {}): object {
  const labels = { app: name };
  const container = { name: "web", image, ...(env.length > 0 && { env }) };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template },
  };
}

test("apply creates, changes, leaves alone, and takes away what it no longer names", async () => {
  const apply = (data: object) => rig.feed(configMap("a", data), "apply", "-f", "-");
  assert.equal(await apply({ x: "1", y: "2" }), "configmap/a created\n");
  await kubectl("patch", "configmap", "a", "-p", '{"data":{"theirs":"z"}}');
  assert.equal(await apply({ x: "1", y: "2" }), "configmap/a unchanged\n");
  assert.equal(await apply({ x: "3" }), "configmap/a configured\n");
  assert.deepEqual(await dataOf("a"), { x: "3", theirs: "z" });
  const last = JSON.parse(await kubectl("apply", "view-last-applied", "configmap/a", "-o", "json"));
  assert.deepEqual(last.data, { x: "3" });
  await kubectl("apply", "set-last-applied", "-f", rig.write("a.json", configMap("a", { theirs: "z" })));
  assert.equal(await apply({}), "configmap/a configured\n");
  assert.deepEqual(await dataOf("a"), { x: "3" });
});

test("apply merges lists by their keys", async () => {
  const env = (...names: string[]) => names.map((name) => ({ name, value: "1" }));
  await rig.feed(deployment("merged", { env: env("A", "B") }), "apply", "-f", "-");
  await kubectl("set", "env", "deployment/merged", "THEIRS=1");
  await rig.feed(deployment("merged", { env: env("B", "C") }), "apply", "-f", "-");
  const { spec } = await rig.json("get", "deployment", "merged");
  const names = spec.template.spec.containers[0].env.map(({ name }: any) => name);
  assert.deepEqual(names.sort(), ["B", "C", "THEIRS"]);
});

test("apply --prune deletes what is no longer in the files", async () => {
  mkdirSync(rig.file("set"));
  rig.write("set/one.json", configMap("one", {}, { part: "set" }));
  const other = configMap("two", {}, { part: "set" });
  await rig.feed({ apiVersion: "v1", kind: "List", items: [other] }, "apply", "-f", "-");
  const words = ["-f", "set", "--prune", "-l", "part=set", "--prune-allowlist=core/v1/ConfigMap"];
  assert.equal(await kubectl("apply", ...words), "configmap/one created\nconfigmap/two pruned\n");
});

test("apply --server-side owns fields, meets conflicts, and forces", async () => {
  const apply = (data: object, ...words: string[]) =>
    rig.run(["apply", "--server-side", "-f", "-", ...words], {
      input: JSON.stringify(configMap("ssa", data)),
    });
  assert.equal((await apply({ x: "1" })).stdout, "configmap/ssa serverside-applied\n");
  const refused = await apply({ x: "2" }, "--field-manager=other");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Apply failed with 1 conflict: conflict with "kubectl": \.data\.x$/m);
  assert.equal((await apply({ x: "2" }, "--field-manager=other", "--force-conflicts")).code, 0);
  assert.deepEqual(await dataOf("ssa"), { x: "2" });
  const { metadata } = await rig.json("get", "cm", "ssa", "--show-managed-fields");
  assert.deepEqual(
    metadata.managedFields.map(({ manager, operation }: any) => [manager, operation]),
    [["other", "Apply"]],
  );
  assert.equal((await apply({}, "--field-manager=other")).code, 0);
  assert.equal(await dataOf("ssa"), undefined);
});

test("apply --server-side takes over from apply on the client's side", async () => {
  await rig.feed(configMap("moved", { x: "1", y: "1" }), "apply", "-f", "-");
  await rig.feed(configMap("moved", { x: "1" }), "apply", "--server-side", "-f", "-");
  assert.deepEqual(await dataOf("moved"), { x: "1" });
});

test("apply --dry-run changes nothing", async () => {
  await rig.feed(configMap("dry", { x: "1" }), "apply", "-f", "-");
  const change = configMap("dry", { x: "2" });
  assert.equal(
    await rig.feed(change, "apply", "-f", "-", "--dry-run=client"),
    "configmap/dry configured (dry run)\n",
  );
  assert.equal(
    await rig.feed(change, "apply", "-f", "-", "--dry-run=server"),
    "configmap/dry configured (server dry run)\n",
  );
  assert.deepEqual(await dataOf("dry"), { x: "1" });
});

test("diff shows what apply would change, and nothing when nothing", async () => {
  await rig.feed(deployment("diffed"), "apply", "-f", "-");
  const file = rig.write("diffed.json", deployment("diffed", { image: "web:2" }));
  for (const words of [[], ["--server-side"]]) {
    const { code, stdout } = await rig.run(["diff", "-f", file, ...words]);
    assert.equal(code, 1);
    assert.match(stdout, /^- +(- )?image: web:1$/m);
    assert.match(stdout, /^\+ +(- )?image: web:2$/m);
  }
  await kubectl("apply", "-f", file);
  assert.deepEqual(await rig.run(["diff", "-f", file]), { code: 0, stdout: "", stderr: "" });
});

test("edit changes an object with an editor", async () => {
  await rig.feed(configMap("edited", { colour: "red" }), "create", "-f", "-");
  const editor = rig.write("editor", `#!/bin/sh\nsed -i 's/colour: red/colour: green/' "$1"\n`);
  chmodSync(editor, 0o755);
  const edited = await rig.run(["edit", "configmap", "edited"], { env: { EDITOR: editor } });
  assert.deepEqual(edited, { code: 0, stdout: "configmap/edited edited\n", stderr: "" });
  assert.deepEqual(await dataOf("edited"), { colour: "green" });
  const again = await rig.run(["edit", "configmap", "edited"], { env: { EDITOR: editor } });
  assert.match(again.stdout + again.stderr, /no changes made/);
});

test("label and annotate add, refuse to overwrite, overwrite, remove", async () => {
  await rig.feed(configMap("marked", {}), "create", "-f", "-");
  for (const [verb, past] of [
    ["label", "labeled"],
    ["annotate", "annotated"],
  ] as const) {
    assert.equal(await kubectl(verb, "cm", "marked", "a=1", "b=2"), `configmap/marked ${past}\n`);
    const refused = await rig.run([verb, "cm", "marked", "a=2"]);
    assert.match(refused.stderr, /'a' already has a value \(1\)/);
    await kubectl(verb, "cm", "marked", "a=2", "b-", "--overwrite");
  }
  const { labels, annotations } = (await rig.json("get", "cm", "marked")).metadata;
  assert.deepEqual([labels, annotations], [{ a: "2" }, { a: "2" }]);
  assert.match(
    (await rig.run(["label", "cm", "marked", "c=-bad-"])).stderr,
    /invalid label value: "c=-bad-"/,
  );
});

test("patch in each of its types", async () => {
  await rig.feed(deployment("patched", { env: [{ name: "A", value: "1" }] }), "create", "-f", "-");
  const patch = (type: string, value: unknown) =>
    kubectl("patch", "deploy", "patched", `--type=${type}`, "-p", JSON.stringify(value));
  const env = async () => (await rig.json("get", "deploy", "patched")).spec.template.spec.containers[0].env;
  const containers = [{ name: "web", env: [{ name: "B", value: "2" }] }];
  assert.equal(
    await patch("strategic", { spec: { template: { spec: { containers } } } }),
    "deployment.apps/patched patched\n",
  );
  assert.deepEqual((await env()).map(({ name }: any) => name).sort(), ["A", "B"]);
  const path = "/spec/template/spec/containers/0/env";
  await patch("json", [
    { op: "test", path: "/spec/replicas", value: 1 },
    { op: "remove", path: `${path}/0` },
  ]);
  assert.equal((await env()).length, 1);
  await patch("merge", {
    spec: { replicas: 0, template: { spec: { containers: [{ name: "web", image: "web:3" }] } } },
  });
  assert.equal(await env(), undefined);
  assert.equal(
    await patch("merge", { spec: { replicas: 0 } }),
    "deployment.apps/patched patched (no change)\n",
  );
  const status = ["--subresource=status", "--type=merge", "-p", '{"status":{"observedGeneration":1}}'];
  assert.equal(await kubectl("patch", "deploy", "patched", ...status), "deployment.apps/patched patched\n");
});

test("replace puts another in its place, with --force a new one", async () => {
  await rig.feed(configMap("replaced", { x: "1" }), "create", "-f", "-");
  const before = (await rig.json("get", "cm", "replaced")).metadata;
  assert.equal(
    await rig.feed(configMap("replaced", { y: "2" }), "replace", "-f", "-"),
    "configmap/replaced replaced\n",
  );
  assert.deepEqual(await dataOf("replaced"), { y: "2" });
  const stale = {
    ...configMap("replaced", {}),
    metadata: { name: "replaced", resourceVersion: before.resourceVersion },
  };
  const refused = await rig.run(["replace", "-f", "-"], { input: JSON.stringify(stale) });
  assert.match(
    refused.stderr,
    /\(Conflict\).*the object has been modified; please apply your changes to the latest version and try again/,
  );
  assert.match(
    await rig.feed(configMap("replaced", {}), "replace", "--force", "-f", "-"),
    /deleted.*\n.*replaced\n$/,
  );
  assert.notEqual((await rig.json("get", "cm", "replaced")).metadata.uid, before.uid);
});

test("apply -k applies a kustomization", async () => {
  mkdirSync(rig.file("kustom"));
  rig.write("kustom/deployment.json", deployment("web"));
  const generated = "configMapGenerator: [{name: settings, literals: [a=1]}]";
  rig.write(
    "kustom/kustomization.yaml",
    `namePrefix: my-\nresources: [deployment.json]\n${generated}\nimages: [{name: web, newTag: "9"}]\n`,
  );
  assert.match(
    await kubectl("apply", "-k", "kustom"),
    /^configmap\/my-settings-\w+ created\ndeployment\.apps\/my-web created\n$/,
  );
  assert.equal(await kubectl("get", "deploy", "my-web", "-o", "jsonpath={..image}"), "web:9");
  assert.match(await kubectl("delete", "-k", "kustom"), /deployment\.apps "my-web" deleted/);
});
