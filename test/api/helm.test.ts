/** Helm 4: a small chart's life, with its releases kept as Secrets. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { helmPath } from "../e2e/kubectl.ts";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());

async function helm(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rig.run(words, { program: helmPath() });
  assert.equal(code, 0, `helm ${words.join(" ")}: ${stderr}`);
  return stdout;
}

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: {app.kubernetes.io/managed-by: {{ .Release.Service }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers:
        - name: web
          image: web:{{ .Values.tag }}
          ports: [{containerPort: 80}]
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}
`;

before(() => {
  mkdirSync(rig.file("chart/templates"), { recursive: true });
  rig.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n");
  rig.write("chart/values.yaml", 'replicas: 1\ntag: "1"\n');
  rig.write("chart/templates/deployment.yaml", DEPLOYMENT);
  rig.write("chart/templates/service.yaml", SERVICE);
});

const image = () => rig.kubectl("get", "deploy", "my", "-o", "jsonpath={..image}");

test("helm install waits for what it made", async () => {
  const said = await helm(
    "install",
    "my",
    "chart",
    "--namespace=shop",
    "--create-namespace",
    "--wait",
    "--timeout=20s",
  );
  assert.match(said, /^STATUS: deployed$/m);
  await helm("install", "my", "chart", "--wait", "--timeout=20s");
  assert.equal(await image(), "web:1");
  assert.match(await rig.kubectl("get", "secrets", "-o", "name"), /^secret\/sh\.helm\.release\.v1\.my\.v1$/m);
  assert.match(await helm("list", "-A"), /^my\s+default\s+1\s.*deployed.*chart-0\.1\.0/m);
});

test("helm upgrade changes, rollback goes back, history tells", async () => {
  await helm("upgrade", "my", "chart", "--set=tag=2,replicas=2", "--wait", "--timeout=20s");
  assert.equal(await image(), "web:2");
  await helm("rollback", "my", "1", "--wait", "--timeout=20s");
  assert.equal(await image(), "web:1");
  const history = JSON.parse(await helm("history", "my", "-o", "json"));
  assert.deepEqual(
    history.map(({ revision, status }: any) => [revision, status]),
    [
      [1, "superseded"],
      [2, "superseded"],
      [3, "deployed"],
    ],
  );
  assert.match(await helm("get", "manifest", "my"), /image: web:1/);
});

test("helm uninstall takes all away", async () => {
  assert.match(await helm("uninstall", "my", "--wait", "--timeout=20s"), /release "my" uninstalled/);
  assert.equal(await rig.kubectl("get", "deploy,secrets", "-o", "name"), "");
  assert.doesNotMatch(await helm("list"), /^my\b/m);
});
