/** Pods keep to what their namespace's labels ask for; what makes pods is warned of; some are exempt. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { namespace as namespaces } from "@knarr/kinds/core/namespace.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import type { PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import type { ApiServerOptions } from "../../options.ts";
import { startTestServer, type TestServer } from "../../testing/server.ts";
import { findingsOf, detailsText } from "./checks.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-pod-security-"));
after(() => rmSync(folder, { recursive: true }));

const P = "pod-security.kubernetes.io/";
type Labels = Record<string, string>;
const labelled = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [P + key, value]));

interface Made {
  readonly body: any;
  readonly warnings: readonly string[];
}

async function makeRig(labels: Labels, options: Partial<ApiServerOptions> = {}) {
  const rig = await startTestServer(options);
  await rig.api.create(namespaces, {
    metadata: { name: "ns", labels: labelled(labels) },
  });
  await rig.api.create(serviceAccount, {
    metadata: { name: "default", namespace: "ns" },
  });
  const post = (path: string, body: object): Promise<Made> =>
    rig.transport.request({ method: "POST", path, body }) as never;
  return {
    rig,
    run: (name: string, spec: Partial<PodSpec>) =>
      post("/api/v1/namespaces/ns/pods", {
        metadata: { name },
        spec: { automountServiceAccountToken: false, containers: [container()], ...spec },
      }),
    deploy: (spec: Partial<PodSpec> = {}) =>
      post("/apis/apps/v1/namespaces/ns/deployments", {
        metadata: { name: "web" },
        spec: {
          selector: { matchLabels: { a: "b" } },
          template: { metadata: { labels: { a: "b" } }, spec: { containers: [container()], ...spec } },
        },
      }),
    relabel: (labels: Labels): Promise<Made> =>
      rig.transport.request({
        method: "PATCH",
        path: "/api/v1/namespaces/ns",
        body: { metadata: { labels: labelled(labels) } },
        contentType: "application/merge-patch+json",
      }) as never,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

const container = (securityContext?: object, name = "c"): any => ({
  name,
  image: "i",
  ...(securityContext && { securityContext }),
});

const RESTRICTED =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

test("what is enforced is refused, with all that is wrong", async () => {
  await using world = await makeRig({ enforce: "restricted" });
  await assert.rejects(world.run("web", {}), {
    message: `pods "web" is forbidden: violates PodSecurity "restricted:latest": ${RESTRICTED}`,
  });
  const fine = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  await world.run("fine", {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container(fine)],
  });
});

test("what makes pods is made, with a warning", async () => {
  await using world = await makeRig({ enforce: "restricted" });
  const { warnings } = await world.deploy();
  assert.deepEqual(warnings, [`would violate PodSecurity "restricted:latest": ${RESTRICTED}`]);
});

test("a namespace cannot ask for what there is not", async () => {
  await using world = await makeRig({});
  await assert.rejects(
    world.relabel({ enforce: "strict", "warn-version": "2.0" }),
    /metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata\.labels\[pod-security\.kubernetes\.io\/warn-version\]: Invalid value: "2\.0": must be "latest" or "v1\.x"/,
  );
});

test("who tightens a namespace hears of the pods that would not be let in", async () => {
  await using world = await makeRig({});
  for (const name of ["b", "a", "c"]) await world.run(name, { hostPID: true });
  await world.run("other", { containers: [container({ privileged: true })] });
  const { warnings } = await world.relabel({ enforce: "baseline", "enforce-version": "v1.30" });
  assert.deepEqual(warnings, [
    'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:v1.30"',
    "a (and 2 other pods): host namespaces",
    "other: privileged",
  ]);
});

test("an update is looked at when it changes what runs", async () => {
  await using world = await makeRig({});
  await world.run("web", { hostPID: true });
  await world.relabel({ enforce: "baseline" });
  const patch = (body: object): Promise<unknown> =>
    world.rig.transport.request({
      method: "PATCH",
      path: "/api/v1/namespaces/ns/pods/web",
      body,
      contentType: "application/strategic-merge-patch+json",
    });
  await patch({ metadata: { labels: { a: "b" } } });
  await assert.rejects(
    patch({ spec: { containers: [{ name: "c", image: "other" }] } }),
    /violates PodSecurity "baseline:latest": host namespaces \(hostPID=true\)/,
  );
});

test("an administrator says what holds without labels, and for whom nothing does", async () => {
  const path = join(folder, "admission.yaml");
  writeFileSync(
    path,
    `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: PodSecurity
    configuration:
      apiVersion: pod-security.admission.config.k8s.io/v1
      kind: PodSecurityConfiguration
      defaults: { enforce: baseline, enforce-version: v1.33 }
      exemptions: { namespaces: [free], usernames: [], runtimeClasses: [] }
`,
  );
  await using world = await makeRig({}, { admissionConfig: path });
  await assert.rejects(world.run("web", { hostIPC: true }), /violates PodSecurity "baseline:v1\.33"/);
  const { warnings } = (await world.rig.transport.request({
    method: "POST",
    path: "/api/v1/namespaces",
    body: { metadata: { name: "free", labels: labelled({ enforce: "restricted" }) } },
  })) as unknown as Made;
  assert.deepEqual(warnings, [
    'namespace "free" is exempt from Pod Security, and the policy (enforce=restricted:v1.33) will be ignored',
  ]);
});

test("a configuration that says nothing sensible is refused", async () => {
  const path = join(folder, "bad.yaml");
  const start = (text: string): Promise<TestServer> => {
    writeFileSync(path, text);
    return startTestServer({ admissionConfig: path });
  };
  const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n";
  await assert.rejects(
    start("kind: Pod\napiVersion: v1\n"),
    /kind: Unsupported value: "v1 Pod": supported values: "apiserver\.config\.k8s\.io\/v1 AdmissionConfiguration"/,
  );
  await assert.rejects(
    start(`${head}plugins: [{ name: Nope }]`),
    /plugins\[0\]\.name: Unsupported value: "Nope"/,
  );
  await assert.rejects(
    start(
      `${head}plugins: [{ name: PodSecurity, configuration: { kind: PodSecurityConfiguration, apiVersion: pod-security.admission.config.k8s.io/v1, defaults: { warn: x } } }]`,
    ),
    /plugins\[0\]\.configuration\.defaults\.warn: Invalid value: "x": must be one of privileged/,
  );
});

for (const [version, spec, detail] of [
  [33, { livenessProbe: { httpGet: { host: "a.example" } } }, ""],
  [
    34,
    { livenessProbe: { httpGet: { host: "a.example" } } },
    'probe or lifecycle host (container "c" uses probe or lifecycle host "a.example")',
  ],
  [
    30,
    { securityContext: { seLinuxOptions: { type: "container_engine_t", user: "u" } } },
    /type "container_engine_t"; user may not be set/,
  ],
  [31, { securityContext: { seLinuxOptions: { type: "container_engine_t" } } }, ""],
  [
    Infinity,
    { securityContext: { capabilities: { add: ["SYS_TIME", "CHOWN", "NET_RAW"] } } },
    'non-default capabilities (container "c" must not include "NET_RAW", "SYS_TIME" in securityContext.capabilities.add)',
  ],
  [Infinity, { ports: [{ hostPort: 9 }, { hostPort: 80 }] }, 'hostPort (container "c" uses hostPorts 80, 9)'],
] as const)
  test(`baseline of v1.${version} has of ${JSON.stringify(spec)} to say ${detail || "nothing"}`, () => {
    const pod = { spec: { containers: [{ ...container(), ...spec }] }, annotations: {} };
    const said = detailsText(findingsOf(pod, { level: "baseline", version }));
    if (typeof detail === "string") assert.equal(said, detail);
    else assert.match(said, detail);
  });
