/** The documents hold what kubectl looks for, and their references lead somewhere. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { groups } from "@knarr/kinds/kinds.ts";
import { OpenApi } from "./documents.ts";

const openApi = new OpenApi({ version: "v1.36.3", groups });
const read = (bytes: Buffer): any => JSON.parse(bytes.toString());

test("OpenApi.document offers what server-side apply and dry run of kubectl look for", () => {
  const { paths, components } = read(openApi.document("apis/apps/v1")!.bytes);
  const { patch } = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
  const names = patch.parameters.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("dryRun") && names.includes("fieldValidation"));
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], {
    group: "apps",
    version: "v1",
    kind: "Deployment",
  });
  const containers = components.schemas["io.k8s.api.core.v1.PodSpec"].properties.containers;
  assert.equal(containers["x-kubernetes-patch-merge-key"], "name");
});

test("every reference of every document leads to a definition of it", () => {
  for (const path of Object.keys(read(openApi.index().bytes).paths)) {
    const document = read(openApi.document(path)!.bytes);
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      assert.ok(document.components.schemas[name!], `${path} refers to ${name}`);
    }
  }
  const { definitions, ...rest } = read(openApi.version2().bytes);
  for (const [, name] of JSON.stringify([rest, definitions]).matchAll(/"#\/definitions\/([^"]+)"/g))
    assert.ok(definitions[name!]);
});

test("operations are named for those who generate code, each once", () => {
  const { paths } = read(openApi.version2().bytes);
  const ids = Object.values<Record<string, { readonly operationId?: string }>>(paths)
    .flatMap((item) => Object.values(item))
    .flatMap(({ operationId }) => operationId ?? []);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of [
    "listCoreV1PodForAllNamespaces",
    "readAppsV1NamespacedDeploymentScale",
    "deleteRbacAuthorizationV1CollectionNamespacedRole",
    "connectCoreV1PostNamespacedPodExec",
    "connectCoreV1HeadNodeProxyWithPath",
    "watchAppsV1NamespacedDeploymentList",
    "getAppsV1APIResources",
    "getCodeVersion",
  ])
    assert.ok(ids.includes(id), id);
});

test("operations say what they answer with: lists of the kind, what was deleted, or how it went", () => {
  const { paths } = read(openApi.version2().bytes);
  const answerOf = (path: string, method: string): string =>
    paths[path][method].responses[200].schema.$ref.replace(/^.*\./, "");
  const pods = "/api/v1/namespaces/{namespace}/pods";
  assert.deepEqual(
    [
      answerOf(pods, "get"),
      answerOf(pods, "delete"),
      answerOf(`${pods}/{name}`, "delete"),
      answerOf("/api/v1/namespaces/{namespace}/configmaps/{name}", "delete"),
    ],
    ["PodList", "Status", "Pod", "Status"],
  );
});

test("OpenApi.document has no answer for what is not served", () => {
  assert.equal(openApi.document("apis/nope/v1"), undefined);
});

test("OpenApi.version2InProtobuf writes as gnostic reads", () => {
  const { bytes } = openApi.version2InProtobuf();
  assert.deepEqual([...bytes.subarray(0, 5)], [0x0a, 3, ...Buffer.from("2.0")]); // swagger = 1
  // NamedAny: name = 1, value = 2, in which yaml = 2.
  const json = '{"group":"","kind":"ConfigMap","version":"v1"}';
  const [name, length] = ["x-kubernetes-group-version-kind", json.length];
  const extension = [0x0a, name.length, ...Buffer.from(name), 0x12, length + 4, 0x12];
  assert.ok(bytes.includes(Buffer.from(extension)));
  assert.ok(bytes.length > 100_000);
});
