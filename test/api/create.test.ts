/** `kubectl create` in each of its forms, `run` and `expose`: what they make is made, and is what was asked for. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const create = (...words: string[]): Promise<string> => rig.kubectl("create", ...words);
const get = (...words: string[]): Promise<any> => rig.json("get", ...words);

test("create deployment", async () => {
  assert.equal(
    await create("deployment", "web", "--image=web:1", "--replicas=2", "--port=80"),
    "deployment.apps/web created\n",
  );
  const { spec } = await get("deployment", "web");
  assert.deepEqual(spec.selector, { matchLabels: { app: "web" } });
  assert.deepEqual(spec.template.spec.containers[0].ports, [{ containerPort: 80, protocol: "TCP" }]);
  assert.deepEqual([spec.replicas, spec.revisionHistoryLimit, spec.progressDeadlineSeconds], [2, 10, 600]);
  const { code, stderr } = await rig.run(["create", "deployment", "web", "--image=web:1"]);
  assert.deepEqual(
    [code, stderr],
    [1, 'error: failed to create deployment: deployments.apps "web" already exists\n'],
  );
});

test("create configmap from literals, files and folders", async () => {
  rig.write("greeting.txt", "hello\n");
  rig.write("bytes.bin", "");
  execFileSync("sh", ["-c", `printf '\\377\\000' > ${rig.file("bytes.bin")}`]);
  await create(
    "configmap",
    "a",
    "--from-literal=k=v",
    "--from-file=greeting.txt",
    "--from-file=raw=bytes.bin",
  );
  const { data, binaryData } = await get("configmap", "a");
  assert.deepEqual([data, binaryData], [{ k: "v", "greeting.txt": "hello\n" }, { raw: "/wA=" }]);
  rig.write("vars.env", "A=1\nB=2\n");
  await create("cm", "b", "--from-env-file=vars.env", "--append-hash");
  const names = await rig.kubectl("get", "cm", "-o", "name");
  assert.match(names, /^configmap\/b-\w{10}$/m);
});

test("create secrets of each type", async () => {
  await create("secret", "generic", "g", "--from-literal=password=hunter2", "--type=example.org/login");
  const generic = await get("secret", "g");
  assert.deepEqual([generic.type, atob(generic.data.password)], ["example.org/login", "hunter2"]);
  const { cert, key } = await rig.certificates.leaf("tls", rig.authority, {
    commonName: "web",
    use: "server",
  });
  await create(
    "secret",
    "tls",
    "t",
    `--cert=${rig.write("tls.crt", cert)}`,
    `--key=${rig.write("tls.key", key)}`,
  );
  const tls = await get("secret", "t");
  assert.deepEqual([tls.type, atob(tls.data["tls.crt"])], ["kubernetes.io/tls", cert]);
  await create(
    "secret",
    "docker-registry",
    "d",
    "--docker-server=r.example",
    "--docker-username=u",
    "--docker-password=p",
  );
  const docker = await get("secret", "d");
  assert.equal(docker.type, "kubernetes.io/dockerconfigjson");
  assert.equal(JSON.parse(atob(docker.data[".dockerconfigjson"])).auths["r.example"].username, "u");
});

test("create services of each type", async () => {
  await create("service", "clusterip", "c", "--tcp=80:8080");
  const own = (await get("service", "c")).spec;
  assert.match(own.clusterIP, /^10\.43\./);
  assert.deepEqual(own.ports, [{ name: "80-8080", port: 80, protocol: "TCP", targetPort: 8080 }]);
  await create("service", "clusterip", "headless", "--clusterip=None", "--tcp=80");
  assert.equal((await get("service", "headless")).spec.clusterIP, "None");
  await create("service", "nodeport", "n", "--tcp=80", "--node-port=30123");
  assert.equal((await get("service", "n")).spec.ports[0].nodePort, 30123);
  await create("service", "loadbalancer", "l", "--tcp=80");
  const balanced = (await get("service", "l")).spec;
  assert.deepEqual([balanced.type, balanced.allocateLoadBalancerNodePorts], ["LoadBalancer", true]);
  assert.ok(balanced.ports[0].nodePort >= 30000 && balanced.ports[0].nodePort <= 32767);
  await create("service", "externalname", "e", "--external-name=example.org");
  assert.equal((await get("service", "e")).spec.externalName, "example.org");
  assert.match(
    await rig.kubectl("get", "service", "l", "e"),
    /^l +LoadBalancer +\S+ +<pending> .*\ne +ExternalName +<none> +example\.org +<none>/m,
  );
});

test("create namespace, serviceaccount and token", async () => {
  await create("namespace", "extra");
  await rig.kubectl("wait", "serviceaccount/default", "-n", "extra", "--for=create", "--timeout=10s");
  await create("serviceaccount", "robot", "-n", "extra");
  const token = (await create("token", "robot", "-n", "extra", "--duration=1h", "--audience=vault")).trim();
  const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());
  assert.deepEqual([claims.sub, claims.aud], ["system:serviceaccount:extra:robot", ["vault"]]);
  assert.equal(claims.exp - claims.iat, 3600);
});

test("create roles and bindings", async () => {
  await create("role", "r", "--verb=get,list", "--resource=pods,deployments.apps", "--resource-name=web");
  assert.deepEqual((await get("role", "r")).rules, [
    { apiGroups: [""], resources: ["pods"], resourceNames: ["web"], verbs: ["get", "list"] },
    { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["web"], verbs: ["get", "list"] },
  ]);
  await create("rolebinding", "rb", "--role=r", "--user=jane", "--serviceaccount=default:default");
  assert.equal((await get("rolebinding", "rb")).subjects.length, 2);
  await create("clusterrole", "cr", "--verb=get", "--non-resource-url=/metrics");
  await create("clusterrole", "sum", "--aggregation-rule=rbac.example.org/part=yes");
  await create("clusterrolebinding", "crb", "--clusterrole=cr", "--group=ops");
  assert.deepEqual((await get("clusterrolebinding", "crb")).roleRef, {
    apiGroup: "rbac.authorization.k8s.io",
    kind: "ClusterRole",
    name: "cr",
  });
});

test("create priorityclass", async () => {
  await create("priorityclass", "high", "--value=1000", "--preemption-policy=Never");
  const { value, preemptionPolicy, globalDefault } = await get("priorityclass", "high");
  assert.deepEqual([value, preemptionPolicy, globalDefault], [1000, "Never", undefined]);
});

test("create --dry-run shows without keeping", async () => {
  const client = await create("deployment", "dry", "--image=x", "--dry-run=client", "-o", "yaml");
  assert.match(client, /^kind: Deployment$/m);
  assert.doesNotMatch(client, /uid/);
  const server = await create("deployment", "dry", "--image=x", "--dry-run=server", "-o", "json");
  assert.equal(JSON.parse(server).spec.progressDeadlineSeconds, 600);
  assert.equal((await rig.run(["get", "deployment", "dry"])).code, 1);
});

test("create -f checks fields as --validate says", async () => {
  const manifest = (name: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndatta: {}\n`;
  const validated = (name: string, how: string) =>
    rig.run(["create", "-f", "-", `--validate=${how}`], { input: manifest(name) });
  const strict = await validated("v1", "strict");
  assert.equal(strict.code, 1);
  assert.match(
    strict.stderr,
    /^Error from server \(BadRequest\): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "datta"$/m,
  );
  const warned = await validated("v2", "warn");
  assert.deepEqual([warned.code, warned.stderr], [0, 'Warning: unknown field "datta"\n']);
  assert.deepEqual(await validated("v3", "ignore"), {
    code: 0,
    stdout: "configmap/v3 created\n",
    stderr: "",
  });
});

test("run makes a pod, expose a service for it", async () => {
  const words = ["--image=web:1", "--port=80", "--labels=app=solo", "--env=A=1"];
  assert.equal(await rig.kubectl("run", "solo", ...words, "--restart=Never"), "pod/solo created\n");
  await rig.kubectl("wait", "pod/solo", "--for=condition=Ready", "--timeout=20s");
  const { spec } = await get("pod", "solo");
  assert.deepEqual([spec.restartPolicy, spec.containers[0].env], ["Never", [{ name: "A", value: "1" }]]);
  assert.equal(
    await rig.kubectl("expose", "pod", "solo", "--port=80", "--target-port=8080", "--name=s"),
    "service/s exposed\n",
  );
  assert.deepEqual((await get("service", "s")).spec.selector, { app: "solo" });
  await rig.kubectl("run", "both", "--image=web:1", "--port=80", "--expose");
  assert.equal((await get("service", "both")).spec.ports[0].port, 80);
  await rig.kubectl("expose", "deployment", "web", "--type=NodePort");
  assert.equal((await get("service", "web")).spec.type, "NodePort");
});
