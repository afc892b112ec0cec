/** `kubectl get` in every output form, and every way to choose what is got. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { kubectlPath } from "../e2e/kubectl.ts";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const get = (...words: string[]): Promise<string> => rig.kubectl("get", ...words);
const lines = (text: string): string[] => text.trimEnd().split("\n");

before(async () => {
  const configMap = (name: string, labels: object, key: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels },
    data: { key },
  });
  await rig.feed(
    {
      apiVersion: "v1",
      kind: "List",
      items: [
        configMap("a", { tier: "front", env: "prod" }, "3"),
        configMap("b", { tier: "back", env: "prod" }, "1"),
        configMap("c", { tier: "back", env: "test" }, "2"),
      ],
    },
    ...["create", "-f", "-"],
  );
  await rig.kubectl("create", "deployment", "web", "--image=web:1", "--replicas=2");
  await rig.kubectl("rollout", "status", "deployment/web", "--timeout=20s");
});

test("get -o json and yaml give the object whole, without managedFields", async () => {
  const object = await rig.json("get", "configmap", "a");
  assert.deepEqual(object.data, { key: "3" });
  assert.equal(object.metadata.managedFields, undefined);
  const shown = await rig.json("get", "configmap", "a", "--show-managed-fields");
  assert.equal(shown.metadata.managedFields[0].manager, "kubectl-create");
  const yaml = await get("configmap", "a", "-o", "yaml");
  assert.match(yaml, /^apiVersion: v1\ndata:\n  key: "3"\nkind: ConfigMap\nmetadata:\n/);
});

test("get -o json of several gives a List", async () => {
  const list = await rig.json("get", "configmaps,deployments");
  assert.equal(list.kind, "List");
  const names = list.items.map((item: any) => `${item.kind}/${item.metadata.name}`).sort();
  assert.deepEqual(names, [
    "ConfigMap/a",
    "ConfigMap/b",
    "ConfigMap/c",
    "ConfigMap/kube-root-ca.crt",
    "Deployment/web",
  ]);
});

test("get -o name names resources with their groups", async () => {
  assert.equal(await get("deploy/web", "cm/a", "-o", "name"), "deployment.apps/web\nconfigmap/a\n");
});

test("get -o wide has the columns that else are left out", async () => {
  const narrow = await get("deploy", "web");
  assert.match(narrow, /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/);
  const wide = await get("deploy", "web", "-o", "wide");
  assert.match(wide, /AGE +CONTAINERS +IMAGES +SELECTOR\n.* web +web:1 +app=web\n$/);
  assert.match(await get("nodes", "-o", "wide"), /INTERNAL-IP.*\nn1 .*192\.0\.2\.1 +<none> +None/);
});

test("get -o go-template, jsonpath and their files", async () => {
  const template = "{{range .items}}{{.metadata.name}}={{.data.key}} {{end}}";
  assert.equal(await get("cm", "-l", "tier=back", "-o", `go-template=${template}`), "b=1 c=2 ");
  rig.write("names.tmpl", template);
  assert.equal(await get("cm", "-l", "tier=back", "-o", "go-template-file=names.tmpl"), "b=1 c=2 ");
  assert.equal(await get("cm", "a", "b", "-o", "jsonpath={.items[*].data.key}"), "3 1");
  const filtered = "{.items[?(@.data.key>'1')].metadata.name}";
  assert.equal(await get("cm", "-l", "env", "-o", `jsonpath=${filtered}`), "a c");
  assert.equal(await get("deploy", "web", "-o", "jsonpath-as-json={.spec.replicas}"), "[\n    2\n]\n");
});

test("get -o custom-columns shows what is asked for", async () => {
  const columns = "NAME:.metadata.name,IMAGE:.spec.template.spec.containers[*].image,NO:.none";
  assert.match(
    await get("deploy", "-o", `custom-columns=${columns}`),
    /^NAME +IMAGE +NO\nweb +web:1 +<none>\n$/,
  );
  assert.equal(await get("cm", "a", "-o", "custom-columns=:metadata.name", "--no-headers"), "a\n");
});

test("get --sort-by sorts tables and objects", async () => {
  const names = lines(await get("cm", "-l", "env", "--sort-by=.data.key", "--no-headers"));
  assert.deepEqual(
    names.map((line) => line.split(" ")[0]),
    ["b", "c", "a"],
  );
  const json = await rig.json("get", "cm", "-l", "env", "--sort-by={.metadata.name}");
  assert.deepEqual(
    json.items.map((item: any) => item.metadata.name),
    ["a", "b", "c"],
  );
});

test("get -l takes every form of selector", async () => {
  const selected = async (selector: string) =>
    (await get("cm", "-l", selector, "-o", "name")).replaceAll("configmap/", "").split("\n").join("");
  assert.equal(await selected("tier=back"), "bc");
  assert.equal(await selected("tier!=back,env"), "a");
  assert.equal(await selected("env in (prod,test),tier notin (front)"), "bc");
  assert.equal(await selected("!tier,env"), "");
  assert.match((await rig.run(["get", "cm", "-l", "a=b=c"])).stderr, /unable to parse requirement|found '='/);
});

test("get --field-selector selects by the fields of the kind", async () => {
  assert.equal(await get("cm", "--field-selector=metadata.name=b", "-o", "name"), "configmap/b\n");
  const pods = await get("pods", "--field-selector=spec.nodeName=n1,status.phase=Running", "-o", "name");
  assert.equal(lines(pods).length, 2);
  assert.equal(await get("pods", "--field-selector=status.phase!=Running", "-o", "name"), "");
  const { code, stderr } = await rig.run(["get", "cm", "--field-selector=data.key=1"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /"data\.key" is not a known field selector: only "metadata\.name", "metadata\.namespace"/,
  );
});

test("get -A shows all namespaces", async () => {
  const table = await get("serviceaccounts", "-A");
  assert.match(table, /^NAMESPACE +NAME +AGE\n/);
  for (const namespace of ["default", "kube-node-lease", "kube-public", "kube-system"])
    assert.match(table, new RegExp(`^${namespace} +default `, "m"));
});

test("get --show-labels, -L and --show-kind add to the table", async () => {
  assert.match(await get("cm", "a", "--show-labels"), /AGE +LABELS\n.*env=prod,tier=front\n$/);
  assert.match(await get("cm", "a", "-L", "tier"), /AGE +TIER\n.*front\n$/);
  assert.match(await get("cm", "a", "--show-kind"), /^configmap\/a /m);
});

test("get --chunk-size gets everything in pieces", async () => {
  const { stderr, stdout } = await rig.run(["get", "cm", "-A", "--chunk-size=2", "-v=6", "-o", "name"]);
  assert.equal(stdout, await get("cm", "-A", "-o", "name", "--chunk-size=0"));
  assert.ok(stderr.split("limit=2").length > 3, stderr);
});

test("get --subresource gets status and scale", async () => {
  assert.match(await get("deploy", "web", "--subresource=status"), /^web +2\/2/m);
  const scale = await rig.json("get", "deploy", "web", "--subresource=scale");
  assert.deepEqual([scale.kind, scale.apiVersion, scale.spec.replicas], ["Scale", "autoscaling/v1", 2]);
  assert.match(
    await get("deploy", "web", "--subresource=scale"),
    /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +2 +\d+s\n$/,
  );
});

test("get --raw gets any path", async () => {
  assert.equal(await get("--raw", "/readyz"), "ok");
  assert.match(await get("--raw", "/livez?verbose"), /^\[\+\]ping ok$/m);
  assert.equal(JSON.parse(await get("--raw", "/version")).minor, "36");
  assert.match(await get("--raw", "/metrics"), /^apiserver_request_total\{/m);
});

test("get all and a file select what they name", async () => {
  const all = await get("all", "-o", "name");
  assert.match(
    all,
    /^pod\/web-.*\npod\/web-.*\nservice\/kubernetes\ndeployment\.apps\/web\nreplicaset\.apps\/web-/,
  );
  const file = rig.write("a.json", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });
  assert.equal(await get("-f", file, "-o", "name"), "configmap/a\n");
});

test("get says what it does not find", async () => {
  const missing = await rig.run(["get", "cm", "none"]);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [1, 'Error from server (NotFound): configmaps "none" not found\n'],
  );
  assert.equal(await get("cm", "none", "--ignore-not-found"), "");
  const kind = await rig.run(["get", "gadgets"]);
  assert.equal(kind.stderr, `error: the server doesn't have a resource type "gadgets"\n`);
  assert.equal(
    (await rig.run(["get", "pods", "-n", "empty"])).stderr,
    "No resources found in empty namespace.\n",
  );
});

test("get -w prints what is there and then what changes", { timeout: 20_000 }, async () => {
  const env = { PATH: process.env["PATH"], HOME: rig.folder, KUBECONFIG: rig.file("admin.yaml") };
  const words = ["get", "configmap", "-l", "watched", "-w", "--output-watch-events"];
  const watcher = spawn(kubectlPath(), words, { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const said = createInterface(watcher.stdout)[Symbol.asyncIterator]();
    const next = async () => ((await said.next()).value as string).split(/ +/).slice(0, 3).join(" ");
    await rig.kubectl("label", "configmap", "a", "watched=yes");
    assert.equal(await next(), "EVENT NAME DATA");
    assert.equal(await next(), "ADDED a 1");
    await rig.kubectl("patch", "configmap", "a", "-p", '{"data":{"more":"x"}}');
    assert.equal(await next(), "MODIFIED a 2");
    await rig.kubectl("label", "configmap", "a", "watched-");
    assert.equal(await next(), "DELETED a 2");
  } finally {
    watcher.kill();
  }
});
