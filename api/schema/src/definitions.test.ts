/** Schemas, resources and messages as read from the committed tables. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { definition, definitionNames, kindsOf } from "./definitions.ts";
import { message } from "./messages.ts";
import { definitionNameOfKind, definitionOfKind, publishedResources } from "./resources.ts";

const core = (name: string) => definition(`io.k8s.api.core.v1.${name}`);
const field = (name: string, path: string) =>
  path.split(".").reduce((schema, step) => schema.properties!.get(step)!, core(name));

test("definition says how lists merge", () => {
  const ports = field("Container", "ports");
  assert.equal(ports.type, "array");
  assert.equal(ports.listType, "map");
  assert.deepEqual(ports.mapKeys, ["containerPort", "protocol"]);
  assert.equal(ports.patchStrategy, "merge");
  assert.equal(ports.patchMergeKey, "containerPort");
  assert.equal(ports.items, core("ContainerPort"));
});

test("definition keeps what a field adds to the definition it refers to", () => {
  assert.equal(core("ObjectReference").mapType, "atomic");
  const claim = field("PersistentVolumeSpec", "claimRef");
  assert.equal(claim.mapType, "granular");
  assert.equal(claim.name, "io.k8s.api.core.v1.ObjectReference");
  assert.ok(claim.properties!.has("uid"));
  assert.equal(field("ServiceSpec", "selector").mapType, "atomic");
  assert.equal(field("ServiceSpec", "selector").values!.type, "string");
  const strategy = definition("io.k8s.api.apps.v1.DeploymentSpec").properties!.get("strategy")!;
  assert.equal(strategy.patchStrategy, "retainKeys");
});

test("definition names the forms that the published types hide", () => {
  assert.equal(field("ContainerPort", "containerPort").format, "int32");
  assert.equal(field("HTTPGetAction", "port").format, "int-or-string");
  assert.equal(field("ResourceRequirements", "limits").values!.format, "quantity");
  assert.equal(field("Pod", "metadata.creationTimestamp").format, "date-time");
  assert.equal(field("Secret", "data").values!.format, "byte");
  assert.equal(
    definition("io.k8s.api.coordination.v1.LeaseSpec").properties!.get("renewTime")!.format,
    "micro-time",
  );
  const crd = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
  assert.equal(definition(crd).properties!.get("not"), definition(crd));
  assert.equal(definition(crd).properties!.get("items")!.format, "json-schema-or-array");
});

test("definition resolves every field of every name, and refuses others", () => {
  for (const name of definitionNames()) {
    for (const schema of definition(name).properties!.values()) assert.ok(schema.type, name);
  }
  assert.throws(() => definition("io.k8s.api.core.v1.Nothing"), /No definition is called/);
});

test("definition says which fields are required", () => {
  assert.deepEqual([...core("Container").required!], ["name"]);
});

test("publishedResources have kinds, verbs and subresources", () => {
  const pods = publishedResources().find((r) => r.group === "" && r.plural === "pods")!;
  assert.equal(pods.schema, "io.k8s.api.core.v1.Pod");
  assert.ok(pods.namespaced);
  assert.deepEqual(pods.verbs, [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
  ]);
  assert.deepEqual(pods.subresources["exec"], { kind: "PodExecOptions", verbs: ["create", "get"] });
  assert.deepEqual(pods.subresources["eviction"], {
    kind: "Eviction",
    group: "policy",
    version: "v1",
    verbs: ["create"],
  });
  const namespaces = publishedResources().find((r) => r.group === "" && r.plural === "namespaces")!;
  assert.equal(namespaces.namespaced, false);
  assert.equal(namespaces.kind, "Namespace");
  for (const { schema, plural } of publishedResources()) assert.ok(definition(schema), plural);
});

test("definitionOfKind finds kinds, lists and what every group has", () => {
  assert.equal(definitionNameOfKind("apps", "v1", "DeploymentList"), "io.k8s.api.apps.v1.DeploymentList");
  assert.equal(definitionOfKind("policy", "v1", "Eviction")!.name, "io.k8s.api.policy.v1.Eviction");
  assert.ok(definitionOfKind("apps", "v1", "DeleteOptions"));
  assert.equal(definitionOfKind("apps", "v1", "Nothing"), undefined);
  assert.deepEqual(kindsOf("io.k8s.api.apps.v1.Deployment"), [
    { group: "apps", version: "v1", kind: "Deployment" },
  ]);
});

test("message knows numbers, embedded structs, maps and named lists", () => {
  const volume = message("io.k8s.api.core.v1.Volume");
  assert.deepEqual(volume.fields.get(1), {
    name: "name",
    number: 1,
    type: "string",
    repeated: false,
    map: false,
    inline: false,
  });
  assert.equal(volume.fields.get(2)!.inline, true);
  assert.equal(volume.fields.get(2)!.of, "io.k8s.api.core.v1.VolumeSource");
  const user = [...message("io.k8s.api.authentication.v1.UserInfo").fields.values()];
  const extra = user.find(({ name }) => name === "extra")!;
  assert.equal(extra.type, "strings");
  assert.ok(extra.map);
});

test("presence keeps Go's order and says what is left out when empty", () => {
  const pod = core("Pod").presence!;
  assert.deepEqual([...pod.keys()], ["kind", "apiVersion", "metadata", "spec", "status"]);
  assert.equal(core("Container").presence!.get("name"), "a");
  assert.equal(core("Container").presence!.get("image"), "e");
  assert.equal(core("Container").presence!.get("livenessProbe"), "p");
  assert.equal(field("ContainerPort", "protocol").default, "TCP");
  for (const name of definitionNames())
    assert.deepEqual(
      [...definition(name).presence!.keys()].sort(),
      [...definition(name).properties!.keys()].sort(),
    );
});
