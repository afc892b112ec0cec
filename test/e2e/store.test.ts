/**
 * The store under the real program: Secrets that nobody reads off the disk, keys that rotate through a kill -9, and a start that is refused when the
 * key file is not the one; backups, and the way back to one.
 *
 * One control plane without nodes serves all steps, in order.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cannotMakeMachine, Machine } from "./machine.ts";
import { eventually } from "./eventually.ts";

const skip = cannotMakeMachine();
let machine: Machine;
const data = (name: string): string => join(machine.folder, "data", name);

before(async () => {
  if (!skip) machine = await Machine.create(`knarr-store-${process.pid}`);
});

after(async () => {
  await machine?.[Symbol.asyncDispose]();
});

/** A step of the story; what Knarr logged is shown when it fails. */
function step(name: string, work: () => Promise<void>): void {
  test(name, { skip, timeout: 120_000 }, async () => {
    try {
      await work();
    } catch (err) {
      console.error(machine.logs());
      throw err;
    }
  });
}

async function knarr(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.knarr(...words);
  assert.equal(code, 0, stderr);
  return stdout;
}

const up = (): Promise<string> => {
  const policy = join(machine.folder, "audit.yaml");
  writeFileSync(
    policy,
    JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] }),
  );
  const alone = "--disable=agent,proxy,dns,scheduler,controllers";
  return knarr("up", "--detach", alone, `--audit-policy-file=${policy}`);
};

/** Files of this Knarr in which these words stand: database and its log, backups, what it logs and audits. */
function filesWith(words: string): string[] {
  const files = globSync("**", { cwd: machine.folder, withFileTypes: true }).filter((file) => file.isFile());
  return files
    .filter((file) => readFileSync(join(file.parentPath, file.name)).includes(words))
    .map(({ name }) => name);
}

/** How many data keys are named on the disk. */
function keysOnDisk(): number {
  const text = ["server/state.db", "server/state.db-wal"]
    .map((name) => readFileSync(data(name), "latin1"))
    .join();
  return new Set(text.match(/"name":"knarr-[0-9a-f]{12}"/g)).size;
}

step("Secrets are encrypted on the disk from the first start, and nothing else is", async () => {
  await up();
  await machine.kubectl("create", "secret", "generic", "hush", `--from-literal=word=${WORD}`);
  await machine.kubectl("create", "configmap", "loud", "--from-literal=word=tell-everybody");
  const base64 = Buffer.from(WORD).toString("base64");
  assert.equal(await machine.kubectl("get", "secret", "hush", "-o", "jsonpath={.data.word}"), base64);
  assert.deepEqual([filesWith(base64), filesWith(WORD)], [[], []]);
  assert.ok(filesWith("tell-everybody").some((name) => name.startsWith("state.db")));
  assert.ok(filesWith("namespaces/default/secrets").includes("audit.log"));
  assert.equal(statSync(data("pki/secrets.key")).mode & 0o777, 0o600);
  assert.match(await knarr("secrets-encrypt", "status"), /^knarr-[0-9a-f]{12} \(encrypts\) .* 1$/m);
});
const WORD = "mellon-mellon-mellon";

step("rotate goes on after kill -9 of the server, and then one key is left", async () => {
  const many = Array.from({ length: 300 }, (_, i) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `s-${i}` },
    stringData: { word: `${WORD}-${i}` },
  }));
  const file = join(machine.folder, "many.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: many }));
  await machine.kubectl("create", "-f", file);
  rmSync(file);
  const before = keysOf(await knarr("secrets-encrypt", "status"));
  assert.deepEqual(
    before.map(([, objects]) => objects),
    [301],
  );

  const rotating = machine.knarr("secrets-encrypt", "rotate");
  const server = serverPid();
  await eventually(async () => assert.ok(keysOnDisk() > 1));
  process.kill(server, "SIGKILL");
  const { code } = await rotating;
  await eventually(async () => void (await machine.kubectl("get", "--raw", "/readyz")));
  if (code !== 0) assert.ok(keysOf(await knarr("secrets-encrypt", "status")).length >= 1);
  await knarr("secrets-encrypt", "rotate");

  const after = keysOf(await knarr("secrets-encrypt", "status"));
  assert.deepEqual(
    after.map(([, objects]) => objects),
    [301],
  );
  assert.notEqual(after[0]![0], before[0]![0]);
  const secret = await machine.kubectl("get", "secret", "s-299", "-o", "jsonpath={.data.word}");
  assert.equal(Buffer.from(secret, "base64").toString(), `${WORD}-299`);
});

step("the key file changes while the cluster runs, and status says so", async () => {
  const [, id] = /id ([0-9a-f]{12})/.exec(await knarr("secrets-encrypt", "status"))!;
  const said = await knarr("secrets-encrypt", "rotate-key-file");
  assert.match(said, new RegExp(`secrets\\.key has the id (?!${id})[0-9a-f]{12} now`));
  assert.match(said, new RegExp(`The former one is .*secrets\\.key\\.${id}: backups made until now want it`));
  assert.match(
    await knarr("secrets-encrypt", "status"),
    new RegExp(`secrets\\.key\\.${id}: only for backups`),
  );
  assert.equal(statSync(data(`pki/secrets.key.${id}`)).mode & 0o777, 0o600);
  rmSync(data(`pki/secrets.key.${id}`));
});

step("a start without the key file is refused with a sentence, and nothing is lost", async () => {
  await knarr("down");
  const key = data("pki/secrets.key");
  renameSync(key, `${key}.away`);
  const { code, stderr } = await machine.knarr("up", "--detach", "--disable=agent,proxy,dns");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /wanted is the key file .*secrets\.key with the id [0-9a-f]{12}, and there is none\. Put it there/,
  );
  renameSync(`${key}.away`, key);
  assert.match(await knarr("secrets-encrypt", "status"), /\(encrypts\) .* 301$/m);
  await up();
  const secret = await machine.kubectl("get", "secret", "hush", "-o", "jsonpath={.data.word}");
  assert.equal(Buffer.from(secret, "base64").toString(), WORD);
});

step(
  "a backup is made while the cluster runs; a restore is refused then, and takes the store back when it does not",
  async () => {
    const file = join(machine.folder, "backup.db");
    assert.match(
      await knarr("store", "backup", file),
      /only with the key file .*secrets\.key \(id [0-9a-f]{12}\)/,
    );
    assert.match(await knarr("store", "check"), /no problems/);
    assert.match(await knarr("store", "status"), /^secrets +301 /m);
    for (const words of [WORD, Buffer.from(WORD).toString("base64").slice(0, 24)])
      assert.deepEqual(filesWith(words), []);
    await knarr("store", "compact");
    await machine.kubectl("create", "configmap", "later");
    const maps = async (...of: string[]): Promise<number> =>
      Number(/^configmaps +(\d+) /m.exec(await knarr("store", "status", ...of))![1]);
    assert.equal((await maps()) - (await maps(`--datastore-endpoint=sqlite://${file}`)), 1);
    const again = await machine.knarr("store", "backup", file);
    assert.match(again.stderr, /^knarr: Cannot write .*backup\.db: it is there already/);
    const running = await machine.knarr("store", "restore", file);
    assert.deepEqual(
      [running.code, running.stderr.trim()],
      [1, "knarr: Cannot restore the store while Knarr runs: `knarr down` stops it"],
    );

    await knarr("down");
    assert.match(await knarr("store", "restore", file), /kept as .*state\.db\.before-restore-/);
    assert.match(await knarr("store", "check"), /no problems/);
    await up();
    const secret = await machine.kubectl("get", "secret", "hush", "-o", "jsonpath={.data.word}");
    assert.equal(Buffer.from(secret, "base64").toString(), WORD);
    assert.match(await machine.kubectl("get", "configmap", "-o", "name"), /^configmap\/loud$/m);
    assert.doesNotMatch(await machine.kubectl("get", "configmap", "-o", "name"), /later/);
  },
);

function serverPid(): number {
  const { processes } = JSON.parse(readFileSync(join(machine.folder, "run", "knarr.json"), "utf8"));
  return processes.server.pid;
}

/** Names and numbers of objects, oldest first. */
function keysOf(status: string): [name: string, objects: number][] {
  return [...status.matchAll(/^(knarr-[0-9a-f]{12}) .* (\d+)$/gm)].map(([, name, objects]) => [
    name!,
    Number(objects),
  ]);
}
