/** What kubectl tells about objects, kinds and the cluster: describe, explain, events, api-resources, api-versions, cluster-info, version. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const { kubectl } = { kubectl: rig.kubectl.bind(rig) };

before(async () => {
  await kubectl("create", "deployment", "web", "--image=web:1", "--port=80");
  await kubectl("expose", "deployment", "web");
  await kubectl("create", "configmap", "settings", "--from-literal=colour=blue");
  await kubectl("create", "secret", "generic", "login", "--from-literal=password=12345");
  await kubectl("create", "role", "reader", "--verb=get", "--resource=pods");
  await kubectl("create", "rolebinding", "reader", "--role=reader", "--user=jane");
  await kubectl("create", "priorityclass", "high", "--value=10", "--description=above others");
  await kubectl("rollout", "status", "deployment/web", "--timeout=20s");
});

const described: readonly [what: string, ...says: RegExp[]][] = [
  [
    "deployment web",
    /^Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable$/m,
    /^ +Available +True +MinimumReplicasAvailable$/m,
    /^NewReplicaSet: +web-\w+ \(1\/1 replicas created\)$/m,
    /^ +Normal +ScalingReplicaSet .*Scaled up replica set web-\w+ from 0 to 1$/m,
  ],
  ["replicaset -l app=web", /^Controlled By: +Deployment\/web$/m, /^Pods Status: +1 Running \/ 0 Waiting/m],
  [
    "pod -l app=web",
    /^Node: +n1\/192\.0\.2\.1$/m,
    /^Controlled By: +ReplicaSet\/web-/m,
    /^ +Ready +True *$/m,
    /^ +\/var\/run\/secrets|from kube-api-access-\w+ \(ro\)$/m,
    /^QoS Class: +BestEffort$/m,
    /Successfully assigned default\/web-\w+-\w+ to n1/,
  ],
  [
    "service web",
    /^Selector: +app=web$/m,
    /^Type: +ClusterIP$/m,
    /^IP: +10\.43\.\d+\.\d+$/m,
    /^Endpoints: +192\.0\.2\.2:80$/m,
  ],
  [
    "endpointslice -l kubernetes.io/service-name=web",
    /^AddressType: +IPv4$/m,
    /- Addresses: +192\.0\.2\.2$/m,
  ],
  ["endpoints web", /Addresses: +192\.0\.2\.2$/m],
  [
    "node n1",
    /^Unschedulable: +false$/m,
    /^ +Ready +True .* KubeletReady /m,
    /^ +default +web-\w+-\w+ +0 \(0%\)/m,
    /^ +HolderIdentity: +n1$/m,
  ],
  ["namespace default", /^Status: +Active$/m],
  ["configmap settings", /^colour:\n----\nblue$/m],
  ["secret login", /^password: +5 bytes$/m],
  ["serviceaccount default", /^Name: +default$/m],
  ["role reader", /^ +pods +\[\] +\[\] +\[get\]$/m],
  ["rolebinding reader", /^ +User +jane *$/m],
  ["clusterrole admin", /^ +pods\/exec +\[\] +\[\] +\[.*create.*\]$/m],
  ["clusterrolebinding cluster-admin", /^ +Group +system:masters *$/m],
  ["priorityclass high", /^Value: +10$/m, /^Description: +above others$/m],
  ["lease n1 -n kube-node-lease", /Holder Identity: +n1$/m],
];

for (const [what, ...says] of described) {
  test(`describe ${what}`, async () => {
    const text = await kubectl("describe", ...what.split(" "));
    for (const expected of says) assert.match(text, expected);
  });
}

test("explain shows a field, its type and what is in it", async () => {
  const text = await kubectl("explain", "pods.spec.containers");
  assert.match(text, /^KIND: +Pod\nVERSION: +v1\n\nFIELD: containers <\[\]Container>$/m);
  assert.match(text, /^ +name\t<string> -required-$/m);
  assert.match(text, /^ +ports\t<\[\]ContainerPort>$/m);
});

test("explain knows groups, versions, enums of strings, and maps", async () => {
  assert.match(await kubectl("explain", "deploy"), /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1$/m);
  assert.match(
    await kubectl("explain", "events", "--api-version=events.k8s.io/v1"),
    /^GROUP: +events\.k8s\.io$/m,
  );
  assert.match(await kubectl("explain", "pod.metadata.labels"), /FIELD: labels <map\[string\]string>/);
  const limits = await kubectl("explain", "pod.spec.containers.resources.limits");
  assert.match(limits, /FIELD: limits <map\[string\]Quantity>/);
});

test("explain --recursive shows the whole tree", async () => {
  const text = await kubectl("explain", "deployment", "--recursive");
  assert.match(text, /^ {2}spec\t<DeploymentSpec>\n(.*\n)* {4}replicas\t<integer>$/m);
  assert.match(text, /^ +matchLabels\t<map\[string\]string>$/m);
  assert.match(
    await kubectl("explain", "cm", "--output=plaintext-openapiv2"),
    /^ +data\t<map\[string\]string>$/m,
  );
});

test("explain says what fields mean, and which words they take", async () => {
  for (const field of ["deployment", "deployment.spec.strategy", "pod.spec.containers", "crd.spec"]) {
    const text = await kubectl("explain", field);
    assert.doesNotMatch(text, /<no description>/);
    const [, fields = ""] = text.split("FIELDS:\n");
    for (const [head, meaning = ""] of fields.matchAll(
      /^ {2}(?!enum: )\S.*\n(?: {2}enum: .*\n)?((?: {4}.*\n)*)/gm,
    ))
      assert.ok(meaning.trim().length > 10, head);
  }
  const strategy = await kubectl("explain", "deployment.spec.strategy", "--recursive");
  assert.match(strategy, /^DESCRIPTION:\n {4}.*strategy/m);
  assert.match(strategy, /^ {2}type\t<string>\n {2}enum: Recreate, RollingUpdate$/m);
  const quantity = await kubectl("explain", "pod.spec.containers.resources.limits");
  assert.match(quantity, /Quantity is a number/);
});

test("explain says which field is not there", async () => {
  const { code, stderr } = await rig.run(["explain", "pod.spec.nothing"]);
  assert.deepEqual([code, stderr], [1, 'error: field "nothing" does not exist\n']);
});

test("events are listed, by object and type", async () => {
  assert.match(
    await kubectl("events", "--for", "deployment/web"),
    /ScalingReplicaSet +Deployment\/web +Scaled up/,
  );
  assert.match(
    await kubectl("events", "-A", "--types=Normal"),
    /^NAMESPACE .*\n(.*\n)*default .* Scheduled /m,
  );
  assert.match(
    await kubectl("get", "events", "--field-selector", "reason=Scheduled"),
    /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +Scheduled +pod\/web-/,
  );
  assert.match(await kubectl("get", "events.events.k8s.io"), /Scheduled/);
});

test("api-resources lists kinds, their short names and verbs", async () => {
  const wide = await kubectl("api-resources", "-o", "wide");
  assert.match(
    wide,
    /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m,
  );
  assert.match(wide, /^pods +po +v1 +true +Pod /m);
  assert.match(await kubectl("api-resources", "--namespaced=false", "-o", "name"), /^nodes$/m);
  assert.match(
    await kubectl("api-resources", "--api-group=apps", "--no-headers"),
    /^deployments .*\nreplicasets/m,
  );
  assert.match(await kubectl("api-resources", "--verbs=list,get", "--sort-by=kind"), /ClusterRole/);
});

test("api-versions, version and cluster-info", async () => {
  assert.match(await kubectl("api-versions"), /^apps\/v1\n(.*\n)*v1\n$/m);
  assert.match(await kubectl("version"), /^Client Version: v1\.35.*\n(.*\n)?Server Version: v1\.36/m);
  assert.equal(JSON.parse(await kubectl("version", "-o", "json")).serverVersion.major, "1");
  assert.match(
    await kubectl("cluster-info"),
    new RegExp(`Kubernetes control plane.* is running at .*${rig.url}`),
  );
});
