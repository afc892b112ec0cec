/** A kind of one's own, with the real kubectl: defined, used like any other, and taken away again. */

import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { after, test } from "node:test";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const kubectl = (...words: string[]): Promise<string> => rig.kubectl(...words);

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats.sea.example.com }
spec:
  group: sea.example.com
  scope: Namespaced
  names: { plural: boats, singular: boat, kind: Boat, shortNames: [bo], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.crew, statusReplicasPath: .status.crew }
    selectableFields: [{ jsonPath: .spec.color }]
    additionalPrinterColumns:
    - { name: Crew, type: integer, jsonPath: .spec.crew }
    - { name: Color, type: string, jsonPath: .spec.color, priority: 1 }
    - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
    schema:
      openAPIV3Schema:
        type: object
        description: A boat at sea
        properties:
          spec:
            type: object
            description: What the boat shall be
            required: [crew]
            properties:
              crew: { type: integer, minimum: 1, description: How many sail it }
              color: { type: string, enum: [red, blue], default: red }
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: { name: { type: string }, days: { type: integer } }
          status:
            type: object
            properties: { crew: { type: integer } }
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;

const boat = (name: string, spec: object): object => ({
  apiVersion: "sea.example.com/v1",
  kind: "Boat",
  metadata: { name },
  spec,
});
const specOf = async (name: string): Promise<any> => (await rig.json("get", "boat", name)).spec;

test("a definition is applied, and its kind is there as soon as it says so", async () => {
  assert.match(await rig.feed(DEFINITION, "apply", "-f", "-"), /boats\.sea\.example\.com created/);
  await kubectl("wait", "crd/boats.sea.example.com", "--for=condition=Established", "--timeout=10s");
  assert.match(
    await kubectl("api-resources", "--api-group=sea.example.com"),
    /^boats +bo +sea\.example\.com\/v1 +true +Boat/m,
  );
});

test("explain shows what the schema says", async () => {
  const explained = await kubectl("explain", "boats.spec");
  assert.match(explained, /GROUP: +sea\.example\.com\nKIND: +Boat\nVERSION: +v1\n/);
  assert.match(explained, /DESCRIPTION:\n +What the boat shall be/);
  assert.match(explained, / {2}crew\t<integer> -required-\n +How many sail it/);
  assert.match(explained, / {2}ports\t<\[\]Object>/);
  assert.match(await kubectl("explain", "boat"), /metadata\t<ObjectMeta>/);
});

test("custom resources are applied, listed in their columns and selected", async () => {
  assert.match(await rig.feed(boat("ann", { crew: 3 }), "apply", "-f", "-"), /boat\.sea.* created/);
  await rig.feed(boat("bob", { crew: 5, color: "blue" }), "create", "-f", "-");
  assert.match(await kubectl("get", "bo"), /^NAME +CREW +AGE\nann +3 +\d+s\nbob +5 +\d+s\n$/);
  assert.match(await kubectl("get", "boats", "-o", "wide"), /^NAME +CREW +COLOR +AGE\nann +3 +red /);
  assert.equal(
    await kubectl("get", "boats", "--field-selector", "spec.color=blue", "-o", "name"),
    "boat.sea.example.com/bob\n",
  );
  assert.match(await kubectl("get", "all", "-o", "name"), /^boat\.sea\.example\.com\/ann$/m);
  assert.match(await kubectl("describe", "boat", "ann"), /^ {2}Color: +red$/m);
});

test("apply changes what it named and leaves the rest", async () => {
  await kubectl("label", "boat", "ann", "theirs=yes");
  assert.match(await rig.feed(boat("ann", { crew: 4 }), "apply", "-f", "-"), /ann configured/);
  assert.match(await rig.feed(boat("ann", { crew: 4 }), "apply", "-f", "-"), /ann unchanged/);
  const { metadata, spec } = await rig.json("get", "boat", "ann");
  assert.deepEqual([metadata.labels, spec], [{ theirs: "yes" }, { crew: 4, color: "red" }]);
});

test("apply --server-side joins lists by their keys", async () => {
  const ports = (manager: string, ...names: string[]): Promise<string> => {
    const object = boat("cleo", { crew: 1, ports: names.map((name) => ({ name, days: 1 })) });
    return rig.feed(object, "apply", "--server-side", "--field-manager", manager, "-f", "-");
  };
  await ports("north", "oslo");
  await ports("south", "rome");
  await ports("north", "bergen");
  const { ports: found } = await specOf("cleo");
  assert.deepEqual(found.map(({ name }: { readonly name: string }) => name).sort(), ["bergen", "rome"]);
});

test("edit, patch, scale and diff work as for any kind", async () => {
  const editor = rig.write("editor", `#!/bin/sh\nsed -i 's/crew: 4/crew: 6/' "$1"\n`);
  chmodSync(editor, 0o755);
  const edited = await rig.run(["edit", "boat", "ann"], { env: { EDITOR: editor } });
  assert.equal(edited.stdout, "boat.sea.example.com/ann edited\n");
  await kubectl("patch", "boat", "ann", "--type=merge", "-p", '{"spec":{"color":"blue"}}');
  await kubectl("scale", "boat", "ann", "--replicas=7");
  assert.deepEqual(await specOf("ann"), { crew: 7, color: "blue" });
  await kubectl(
    "patch",
    "boat",
    "ann",
    "--subresource=status",
    "--type=merge",
    "-p",
    '{"status":{"crew":7}}',
  );
  assert.deepEqual((await rig.json("get", "boat", "ann")).status, { crew: 7 });
  const diff = await rig.run(["diff", "-f", "-"], { input: JSON.stringify(boat("ann", { crew: 8 })) });
  assert.match(diff.stdout, /^- {2}crew: 7\n\+ {2}crew: 8$/m);
});

test("what the schema does not allow is refused by name", async () => {
  const refused = async (...words: string[]): Promise<string> => (await rig.run(words)).stderr;
  const patch = ["patch", "boat", "ann", "--type=merge", "-p"];
  assert.match(
    await refused(...patch, '{"spec":{"crew":0}}'),
    /spec\.crew in body should be greater than or/,
  );
  assert.match(await refused(...patch, '{"spec":{"color":"gray"}}'), /supported values: "red", "blue"/);
  assert.match(
    await refused("patch", "boat", "ann", "-p", "{}"),
    /^error: application\/strategic-merge-patch\+json is not supported by sea/,
  );
  const file = rig.write("sail.json", boat("sail", { crew: 1, sails: 2 }));
  assert.match(await refused("create", "-f", file), /strict decoding error: unknown field "spec\.sails"/);
  assert.match(
    (await rig.run(["create", "-f", file, "--validate=warn"])).stderr,
    /^Warning: unknown field "spec\.sails"/,
  );
});

test("another version shows the same objects, and says that it is old", async () => {
  const { code, stdout, stderr } = await rig.run([
    "get",
    "boats.v1beta1.sea.example.com",
    "bob",
    "-o",
    "yaml",
  ]);
  assert.deepEqual([code, /^apiVersion: (.*)$/m.exec(stdout)?.[1]], [0, "sea.example.com/v1beta1"]);
  assert.match(stderr, /^Warning: sea\.example\.com\/v1beta1 Boat is deprecated/);
});

test("they go with their owners, and with their namespace", async () => {
  await kubectl("create", "configmap", "owner");
  const { uid } = (await rig.json("get", "configmap", "owner")).metadata;
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid };
  const metadata = { name: "owned", ownerReferences: [owner] };
  await rig.feed({ ...boat("owned", { crew: 1 }), metadata }, "create", "-f", "-");
  await kubectl("delete", "configmap", "owner", "--cascade=foreground", "--timeout=20s");
  assert.equal(await kubectl("get", "boat", "owned", "--ignore-not-found"), "");

  await kubectl("create", "namespace", "bay");
  await rig.feed(boat("moored", { crew: 1 }), "create", "-n", "bay", "-f", "-");
  await kubectl("delete", "namespace", "bay", "--timeout=20s");
  assert.equal(await kubectl("get", "boats", "-n", "bay", "-o", "name"), "");
});

test("a quota counts them", async () => {
  await kubectl("create", "namespace", "lake");
  await kubectl("create", "quota", "few", "-n", "lake", "--hard=count/boats.sea.example.com=1");
  await kubectl(
    ...["wait", "quota/few", "-n", "lake", "--timeout=20s"],
    "--for=jsonpath={.status.used.count/boats\\.sea\\.example\\.com}=0",
  );
  await rig.feed(boat("one", { crew: 1 }), "create", "-n", "lake", "-f", "-");
  const input = JSON.stringify(boat("two", { crew: 1 }));
  const { stderr } = await rig.run(["create", "-n", "lake", "-f", "-"], { input });
  assert.match(stderr, /exceeded quota: few, requested: count\/boats\.sea\.example\.com=1, used: /);
});

test("deleted, the definition takes all of its kind with it", async () => {
  assert.match(await kubectl("delete", "crd", "boats.sea.example.com", "--timeout=20s"), /deleted/);
  const { stderr } = await rig.run(["get", "boats"]);
  assert.match(stderr, /the server could not find the requested resource/);
  await rig.feed(DEFINITION, "apply", "-f", "-");
  await kubectl("wait", "crd/boats.sea.example.com", "--for=condition=Established", "--timeout=10s");
  assert.equal(await kubectl("get", "boats", "-A", "-o", "name"), "");
});
