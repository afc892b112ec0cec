/**
 * Knarr and upstream's kube-apiserver on one etcd, at the same time, each on a socket of its own, and one administrator's way to both. Each encrypts Secrets
 * with keys of its own, and has been given the other's.
 */

import { generateKeyPairSync } from "node:crypto";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder, type KeyPair } from "@knarr/distro/pki/certificates.ts";
import { readConfig, type Config } from "@knarr/distro/config.ts";
import { prefixOfResource } from "@knarr/distro/store/encrypted-kinds.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { foreignKeysOf, type Provider } from "@knarr/store/encryption/configuration.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";
import { TestEtcd } from "@knarr/store/testing/etcd.ts";
import { eventually } from "../e2e/eventually.ts";
import { freePorts, missingPrograms, started } from "./programs.ts";

export const upstreamMissing = missingPrograms("etcd", "kube-apiserver");

export interface Reply {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of an answer that is one object. */
  readonly body: any;
}

/** What is asked with its bytes as they are. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** One of the two. */
export interface Side {
  readonly name: string;
  ask(request: RawRequest): Promise<Reply>;
  send(method: string, path: string, body?: object): Promise<Reply>;
  /** As `send`, for what must succeed; gives the body. */
  must(method: string, path: string, body?: object): Promise<any>;
}

export interface BesideUpstream extends AsyncDisposable {
  readonly knarr: Side;
  readonly upstream: Side;
  readonly store: EncryptedStore;
  /** Options of a Knarr that has its keys, with files in the same folder, over an address. */
  configFor(address: string): Config;
  readonly address: string;
  readonly folder: string;
}

const configurationOf = (providers: readonly Provider[]) => ({
  ...{ apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" },
  resources: [{ resources: ["secrets"], providers }],
});
const THEIRS = { aescbc: { keys: [{ name: "theirs", secret: Buffer.alloc(32, 7).toString("base64") }] } };

export async function startBesideUpstream(): Promise<BesideUpstream> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "knarr-beside-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = stack.use(await TestEtcd.start());
  const certificates = new CertificateFolder(folder);
  const authority = await certificates.authority("ca", "beside-ca");
  const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
  const serving = await certificates.leaf("apiserver", authority, own);
  const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
  const client = await certificates.leaf("admin", authority, admin);
  const agent = new Agent({ keepAlive: true, ca: authority.cert, cert: client.cert, key: client.key });
  stack.defer(() => agent.destroy());

  const store = stack.use(
    await EncryptedStore.open({
      store: await openStore(`etcd://${etcd.endpoint}`),
      keyFile: new KeyFile(join(folder, "pki", "secrets.key")),
      prefixes: [prefixOfResource("secrets")],
      foreignKeys: await foreignKeysOf(configurationOf([THEIRS]), prefixOfResource),
    }),
  );
  const listen = { host: "127.0.0.1", port: 0, certificate: serving.cert, key: serving.key };
  const server = stack.use(await createApiServer({ store, listen: { ...listen, clientCa: authority.cert } }));
  const encryption = join(folder, "theirs.json");
  writeFileSync(encryption, JSON.stringify(configurationOf([THEIRS])));
  const configFor = (address: string): Config =>
    readConfig([
      ...[`--datastore-endpoint=${address}`, `--data-dir=${folder}`, `--run-dir=${join(folder, "run")}`],
      ...["--node-ip=192.0.2.1", `--encryption-provider-config=${encryption}`],
    ]).config;
  const { name, secret } = store.keys.newest!;
  const ours = { aesgcm: { keys: [{ name, secret: secret.toString("base64") }] } };
  const upstream = stack.use(
    await startUpstream({
      folder,
      authority,
      serving,
      etcd: etcd.endpoint,
      encryption: configurationOf([THEIRS, ours, { identity: {} }]),
    }),
  );
  const sides = {
    knarr: sideOf("Knarr", server.address!.port, agent),
    upstream: sideOf("upstream", upstream.port, agent),
  };
  await eventually(async () => void (await sides.upstream.must("GET", "/readyz")));
  const held = stack.move();
  return {
    ...sides,
    store,
    folder,
    configFor,
    address: `etcd://${etcd.endpoint}`,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

interface Upstream {
  readonly folder: string;
  readonly authority: KeyPair;
  readonly serving: KeyPair;
  readonly etcd: string;
  readonly encryption: object;
}

async function startUpstream({ folder, authority, serving, etcd, encryption }: Upstream) {
  const [port] = await freePorts(1);
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = file("tokens.key", pair.privateKey.export({ type: "pkcs1", format: "pem" }) as string);
  const program = await started("kube-apiserver", /Serving securely/, [
    ...[`--etcd-servers=http://${etcd}`, "--bind-address=127.0.0.1", `--secure-port=${port}`],
    ...[
      `--tls-cert-file=${file("upstream.crt", serving.cert)}`,
      `--tls-private-key-file=${file("upstream.key", serving.key)}`,
    ],
    ...[`--client-ca-file=${file("upstream-ca.crt", authority.cert)}`, "--authorization-mode=Node,RBAC"],
    ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    ...["--service-cluster-ip-range=10.43.0.0/16", "--endpoint-reconciler-type=none"],
    `--encryption-provider-config=${file("encryption.json", JSON.stringify(encryption))}`,
  ]);
  return { port: port!, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

function sideOf(name: string, port: number, agent: Agent): Side {
  const ask = async ({ method, path, headers = {}, body }: RawRequest): Promise<Reply> => {
    const length = body && { "content-length": body.length };
    const asked = request({
      host: "127.0.0.1",
      port,
      agent,
      method,
      path,
      headers: { ...headers, ...length },
    });
    asked.end(body);
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    const text = (await buffer(answer)).toString();
    const isObject = text.startsWith("{") && !text.includes("\n{");
    const { statusCode: code = 0, headers: answered } = answer;
    return { code, headers: answered, text, body: isObject ? JSON.parse(text) : undefined };
  };
  const send = (method: string, path: string, body?: object): Promise<Reply> => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return ask({
      ...{ method, path },
      ...(body && { headers: { "content-type": type }, body: Buffer.from(JSON.stringify(body)) }),
    });
  };
  return {
    name,
    ask,
    send,
    async must(method, path, body) {
      const reply = await send(method, path, body);
      if (reply.code < 300) return reply.body;
      const why = reply.body?.message ?? reply.text;
      throw new Error(`${method} ${path} at ${name} answered ${reply.code}: ${why}`);
    },
  };
}
