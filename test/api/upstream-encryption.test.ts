/** What Knarr has encrypted, a kube-apiserver of upstream's reads with the exported keys, on the same etcd; and Knarr reads what that writes. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { prefixOfResource } from "@knarr/distro/store/encrypted-kinds.ts";
import { upstreamEncryption } from "@knarr/distro/store/upstream-encryption.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";
import { rotate } from "@knarr/store/encryption/rotation.ts";
import { skipEtcd, TestEtcd } from "@knarr/store/testing/etcd.ts";
import { eventually } from "../e2e/eventually.ts";

const program = join(
  process.env["CONFORMANCE_DIR"] ?? "/var/cache/knarr-conformance",
  "bin",
  "kube-apiserver",
);
const skip = skipEtcd || (existsSync(program) ? false : `needs ${program}`);
const SECRETS = prefixOfResource("secrets");
const TOKEN = "of-this-test";

/** Answers of a kube-apiserver on `etcd` that encrypts as the file says; ends with the stack. */
async function startUpstream(
  stack: AsyncDisposableStack,
  {
    etcd,
    folder,
    encryption,
  }: { readonly etcd: string; readonly folder: string; readonly encryption: string },
): Promise<(method: string, path: string, body?: object) => Promise<{ code: number; value: any }>> {
  const port = await freePort();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = join(folder, "sa.key");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  const tokens = join(folder, "tokens.csv");
  writeFileSync(tokens, `${TOKEN},admin,1,"system:masters"\n`);
  const words = [
    ...[`--etcd-servers=http://${etcd}`, `--secure-port=${port}`, "--bind-address=127.0.0.1"],
    ...[`--cert-dir=${folder}`, `--token-auth-file=${tokens}`, "--service-cluster-ip-range=10.96.0.0/16"],
    ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
    ...["--service-account-issuer=https://kubernetes.default.svc", "--endpoint-reconciler-type=none"],
    `--encryption-provider-config=${encryption}`,
  ];
  const server = spawn(program, words, { stdio: "ignore" });
  const exited = once(server, "exit");
  stack.defer(async () => {
    server.kill("SIGKILL");
    await exited;
  });
  return async (method, path, body) => {
    const sent = request({
      ...{ host: "127.0.0.1", port, path, method, rejectUnauthorized: false },
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    });
    sent.end(body && JSON.stringify(body));
    const [answer] = await once(sent, "response");
    const text = Buffer.concat(await answer.toArray()).toString();
    return { code: answer.statusCode, value: text.startsWith("{") ? JSON.parse(text) : text };
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const secretOf = (name: string): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "default", uid: `uid-of-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" },
  data: { word: Buffer.from(name).toString("base64") },
  type: "Opaque",
});

test("Secrets go both ways between Knarr and a kube-apiserver", { skip, timeout: 180_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "knarr-upstream-encryption-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = stack.use(await TestEtcd.start());
  const store = stack.use(
    await EncryptedStore.open({
      store: await openStore(`etcd://${etcd.endpoint}`),
      keyFile: new KeyFile(join(folder, "secrets.key")),
      prefixes: [SECRETS],
    }),
  );
  const put = (name: string) =>
    store.put(`${SECRETS}default/${name}`, Buffer.from(JSON.stringify(secretOf(name))), 0);
  await put("before");
  await rotate(store);
  await put("after");
  assert.match(
    Buffer.from((await store.raw.get(`${SECRETS}default/after`))!.value).toString("latin1"),
    /^k8s:enc:aesgcm:v1:/,
  );

  const encryption = join(folder, "encryption.json");
  writeFileSync(encryption, JSON.stringify(await upstreamEncryption(store)));
  const ask = await startUpstream(stack, { etcd: etcd.endpoint, folder, encryption });
  await eventually(async () => assert.equal((await ask("GET", "/readyz")).code, 200), 120_000);
  for (const name of ["before", "after"]) {
    const { code, value } = await ask("GET", `/api/v1/namespaces/default/secrets/${name}`);
    assert.deepEqual([code, value.data], [200, { word: Buffer.from(name).toString("base64") }]);
  }

  const theirs = secretOf("theirs");
  const { code } = await ask("POST", "/api/v1/namespaces/default/secrets", {
    ...theirs,
    metadata: { name: "theirs" },
  });
  assert.equal(code, 201);
  const lying = Buffer.from((await store.raw.get(`${SECRETS}default/theirs`))!.value).toString("latin1");
  assert.ok(lying.startsWith(`k8s:enc:aesgcm:v1:${store.keys.newest!.name}:`));
  const read = Buffer.from((await store.get(`${SECRETS}default/theirs`))!.value).toString("latin1");
  assert.ok(read.startsWith("k8s\0") && read.includes("theirs"), "upstream's protobuf, in plain");
});
