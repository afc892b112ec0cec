/**
 * Upstream's sample API server as a process of its own, with etcd beside it, and the Service, EndpointSlice and APIService that put it behind a
 * rig's server. The programs come from the folder of the conformance suite; where there are none, `sampleMissing` says so.
 */

import { writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import { freePorts, missingPrograms, started } from "./programs.ts";
import type { Rig } from "./rig.ts";

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

export const sampleMissing = address
  ? missingPrograms("etcd", "sample-apiserver")
  : "needs an address beside the loopback";

const PLACE = { name: "sample-api", namespace: "sample" };

/** Resolves when it serves; it is not registered yet. */
export async function startSample(rig: Rig): Promise<AsyncDisposable & { register(): Promise<void> }> {
  await using stack = new AsyncDisposableStack();
  const [etcdPort, peerPort, port] = await freePorts(3);
  const etcd = `http://127.0.0.1:${etcdPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  stack.use(
    await started("etcd", /ready to serve client requests/, [
      ...["--data-dir", rig.file("etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", `default=${peer}`],
    ]),
  );
  const serving = await rig.certificates.leaf("sample", rig.authority, {
    commonName: "sample-api",
    use: "server",
    names: [`${PLACE.name}.${PLACE.namespace}.svc`],
  });
  const [cert, key] = [rig.file("sample.crt"), rig.file("sample.key")];
  writeFileSync(cert, serving.cert);
  writeFileSync(key, serving.key);
  const access = rig.file("admin.yaml");
  stack.use(
    await started("sample-apiserver", /Serving securely/, [
      ...[`--etcd-servers=${etcd}`, `--secure-port=${port}`, `--kubeconfig=${access}`],
      ...[`--authentication-kubeconfig=${access}`, `--authorization-kubeconfig=${access}`],
      ...[`--tls-cert-file=${cert}`, `--tls-private-key-file=${key}`],
    ]),
  );
  const held = stack.move();
  return { register: () => register(rig, port!), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function register({ api, authority }: Rig, port: number): Promise<void> {
  await api.create(namespace, { metadata: { name: PLACE.namespace } });
  await api.create(service, { metadata: PLACE, spec: { ports: [{ port: 443 }] } } as never);
  await api.create(endpointSlice, {
    metadata: { ...PLACE, labels: { "kubernetes.io/service-name": PLACE.name } },
    addressType: "IPv4",
    ports: [{ name: "", port }],
    endpoints: [{ addresses: [address!] }],
  } as never);
  await api.create(apiService, {
    metadata: { name: "v1alpha1.wardle.example.com" },
    spec: {
      ...{ group: "wardle.example.com", version: "v1alpha1", service: { ...PLACE, port: 443 } },
      ...{ groupPriorityMinimum: 2000, versionPriority: 200 },
      caBundle: Buffer.from(authority.cert).toString("base64"),
    },
  } as never);
}
