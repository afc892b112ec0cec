/**
 * The whole server against upstream's recorded answers: every recorded request goes over a real
 * socket, and what comes back is held against what kube-apiserver v1.36.3 said. The floors lie a little below what is reached: a
 * rule that is lost falls through them.
 *
 * The recordings were taken without controllers, so none run here. They and the program that plays them lie beside the
 * project, in `shared`; without them there is nothing to play.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { writeKubeconfig } from "@knarr/distro/pki/kubeconfig.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const program = join(shared, "conformance/replay.mjs");
const cases = join(shared, "data/answers/open.jsonl.gz");
const missing = existsSync(program) && existsSync(cases) ? false : `nothing recorded in ${shared}`;

const LIMIT_MS = 180_000;

/** Per cent of the requests: same code and reason, same causes besides, same to the letter. */
const floors = { code: 99.8, cause: 99.8, exact: 99.7 };
const FEWEST = 7500;

test("the server answers as upstream did", { skip: missing }, async () => {
  await using server = await startServer();
  const words = [program, "--kubeconfig", server.kubeconfig, "--cases", cases, "--show", "5"];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: LIMIT_MS });
  const row = /^all +(\d+) +([\d.]+)% +([\d.]+)% +([\d.]+)%$/m.exec(stdout);
  assert.ok(row, `replay.mjs printed no sum:\n${stdout}`);
  const [count, code, cause, exact] = row.slice(1).map(Number) as [number, number, number, number];
  const reached = { code, cause, exact };
  assert.ok(count >= FEWEST, `${count} requests were compared, at least ${FEWEST} are recorded`);
  for (const [what, floor] of Object.entries(floors))
    assert.ok(reached[what as keyof typeof floors] >= floor, `${what} fell below ${floor} %:\n${stdout}`);
});

/** A server on a socket, with the namespace that everything is played in and the key of an administrator. */
async function startServer(): Promise<AsyncDisposable & { readonly kubeconfig: string }> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "knarr-replay-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const certificates = new CertificateFolder(join(folder, "pki"));
  const authority = await certificates.authority("ca", "replay-ca");
  const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
  const serving = await certificates.leaf("apiserver", authority, own);
  const server = stack.use(
    await createApiServer({
      store: stack.use(new MemoryStore()),
      listen: {
        host: "127.0.0.1",
        port: 0,
        certificate: serving.cert,
        key: serving.key,
        clientCa: authority.cert,
      },
      advertiseAddress: "192.0.2.1",
    }),
  );
  const api = createApi(stack.use(server.inProcess({ name: "test", groups: ["system:masters"] }, "test")));
  await api.create(namespace, { metadata: { name: "replay" } });
  await api.create(serviceAccount, { metadata: { name: "default", namespace: "replay" } });
  const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
  const client = await certificates.leaf("admin", authority, admin);
  const kubeconfig = join(folder, "admin.yaml");
  const url = `https://127.0.0.1:${server.address!.port}`;
  writeKubeconfig(kubeconfig, { server: url, authority: authority.cert, client });
  const held = stack.move();
  return { kubeconfig, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
