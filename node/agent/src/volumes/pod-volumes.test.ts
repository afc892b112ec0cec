/** Volumes as containers would see them, in a directory of their own; real mounts where the machine allows them. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ConfigMap, Container, Pod, Secret, Volume } from "@knarr/kinds/generated/core-v1.ts";
import { mountAt } from "./mount.ts";
import { orphanedPodDirectories, PodVolumes, removePodDirectory, VolumesNotReady } from "./pod-volumes.ts";
import type { PodVolumeContext } from "./volume.ts";

const skip = canMount() ? false : "needs the right to mount";

function canMount(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("PodVolumes writes a ConfigMap's keys and follows it live by swapping ..data", async (t) => {
  const rig = await makeRig(t);
  rig.configMaps.set("default/settings", configMap({ a: "1", b: "2" }));
  const pod = podWith({ name: "v", configMap: { name: "settings", defaultMode: 0o640 } });
  await rig.volumes.setUp(pod, rig.context);
  const [mount] = await rig.volumes.mounts(pod.spec!.containers[0]!, new Map());
  assert.deepEqual(mount, {
    hostPath: join(rig.podDirectory, "volumes/kubernetes.io~configmap/v"),
    containerPath: "/v",
    readOnly: true,
    propagation: "private",
  });
  const directory = mount!.hostPath;
  assert.equal(await readFile(join(directory, "a"), "utf8"), "1");
  assert.equal((await stat(join(directory, "a"))).mode & 0o7777, 0o640);
  assert.equal(await readlink(join(directory, "a")), "..data/a");
  const generation = await readlink(join(directory, "..data"));
  assert.match(generation, /^\.\.\d{4}(_\d\d){5}\.\w+$/);

  await rig.volumes.setUp(pod, rig.context);
  assert.equal(await readlink(join(directory, "..data")), generation, "nothing changed, nothing is written");

  rig.configMaps.set("default/settings", configMap({ b: "3", c: "4" }));
  await rig.volumes.setUp(pod, rig.context);
  assert.deepEqual((await readdir(directory)).filter((name) => !name.startsWith("..")).sort(), ["b", "c"]);
  assert.equal(await readFile(join(directory, "b"), "utf8"), "3");
  assert.equal((await readdir(directory)).filter((name) => /^\.\.\d/.test(name)).length, 1);
});

test("PodVolumes puts items at their paths with their modes, and binary data as bytes", async (t) => {
  const rig = await makeRig(t);
  rig.configMaps.set("default/settings", {
    ...configMap({ a: "1" }),
    binaryData: { raw: Buffer.from([0, 255, 7]).toString("base64") },
  });
  const items = [
    { key: "raw", path: "deep/er/raw.bin", mode: 0o400 },
    { key: "a", path: "a" },
  ];
  const pod = podWith({ name: "v", configMap: { name: "settings", items } });
  await rig.volumes.setUp(pod, rig.context);
  const directory = join(rig.podDirectory, "volumes/kubernetes.io~configmap/v");
  assert.deepEqual(await readFile(join(directory, "deep/er/raw.bin")), Buffer.from([0, 255, 7]));
  assert.equal((await stat(join(directory, "deep/er/raw.bin"))).mode & 0o7777, 0o400);
  assert.equal((await stat(join(directory, "deep"))).mode & 0o7777, 0o755);
  assert.equal((await stat(join(directory, "a"))).mode & 0o7777, 0o644);
});

test("PodVolumes says what is missing, in upstream's words, of every volume at once", async (t) => {
  const rig = await makeRig(t);
  rig.configMaps.set("default/present", configMap({ a: "1" }));
  const pod = podWith(
    { name: "one", configMap: { name: "absent" } },
    { name: "two", secret: { secretName: "hidden" } },
    { name: "three", configMap: { name: "present", items: [{ key: "z", path: "z" }] } },
    { name: "four", configMap: { name: "absent", optional: true } },
    { name: "five", nfs: { server: "s", path: "/" } },
  );
  await assert.rejects(rig.volumes.setUp(pod, rig.context), (err: VolumesNotReady) => {
    assert.deepEqual(err.messages, [
      'MountVolume.SetUp failed for volume "one" : configmap "absent" not found',
      'MountVolume.SetUp failed for volume "two" : secret "hidden" not found',
      'MountVolume.SetUp failed for volume "three" : configmap references non-existent config key: z',
      'MountVolume.SetUp failed for volume "five" : volumes of type nfs are not supported by this node',
    ]);
    return true;
  });
  assert.deepEqual(
    (await readdir(join(rig.podDirectory, "volumes/kubernetes.io~configmap/four"))).filter(
      (n) => n !== "..data" && !n.startsWith("..2"),
    ),
    [],
  );
});

test(
  "PodVolumes gives secrets and tokens to memory, to the pod's group and to nobody else",
  { skip },
  async (t) => {
    const rig = await makeRig(t);
    rig.secrets.set("default/keys", { metadata: { name: "keys" }, data: { key: "c2VjcmV0" } });
    const projected = {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
        { secret: { name: "keys" } },
        { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
      ],
    };
    const pod = podWith({ name: "s", secret: { secretName: "keys" } }, { name: "p", projected });
    pod.spec!.securityContext = { fsGroup: 4321, runAsUser: 65534 };
    const { refreshInMs } = await rig.volumes.setUp(pod, rig.context);
    assert.equal(refreshInMs, 1000);
    const secret = join(rig.podDirectory, "volumes/kubernetes.io~secret/s");
    const mixed = join(rig.podDirectory, "volumes/kubernetes.io~projected/p");
    assert.equal((await mountAt(secret))?.type, "tmpfs");
    assert.equal(await readFile(join(secret, "key"), "utf8"), "secret");
    const token = await stat(join(mixed, "token"));
    assert.deepEqual([token.uid, token.gid, token.mode & 0o7777], [65534, 4321, 0o640]);
    assert.equal(await readFile(join(mixed, "labels"), "utf8"), 'app="web"\nquoted="a\\"b"');
    assert.equal((await stat(mixed)).mode & 0o2000, 0o2000);

    await new PodVolumes(rig.podDirectory).tearDown(); // by an agent that remembers nothing
    assert.equal(await mountAt(secret), undefined);
    await assert.rejects(lstat(join(rig.podDirectory, "volumes")), { code: "ENOENT" });
  },
);

test(
  "PodVolumes sizes an emptyDir in memory by the least limit, and keeps its files on later calls",
  { skip },
  async (t) => {
    const rig = await makeRig(t);
    const pod = podWith(
      { name: "m", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      { name: "d", emptyDir: {} },
    );
    pod.spec!.securityContext = { fsGroup: 4321 };
    await rig.volumes.setUp(pod, rig.context);
    const directory = join(rig.podDirectory, "volumes/kubernetes.io~empty-dir/m");
    const disk = join(rig.podDirectory, "volumes/kubernetes.io~empty-dir/d");
    await writeFile(join(directory, "kept"), "x");
    await assert.rejects(writeFile(join(directory, "big"), Buffer.alloc(2 << 20)), { code: "ENOSPC" });
    assert.deepEqual([(await stat(disk)).gid, (await stat(disk)).mode & 0o7777], [4321, 0o2777]);
    const again = new PodVolumes(rig.podDirectory);
    await again.setUp(pod, rig.context);
    assert.equal(await readFile(join(directory, "kept"), "utf8"), "x");
  },
);

test(
  "PodVolumes binds a subPath: a new directory with the volume's mode, a file of a ConfigMap",
  { skip },
  async (t) => {
    const rig = await makeRig(t);
    rig.configMaps.set("default/settings", configMap({ "app.conf": "one" }));
    const pod = podWith({ name: "d", emptyDir: {} }, { name: "c", configMap: { name: "settings" } });
    pod.spec!.containers[0]!.volumeMounts = [
      { name: "d", mountPath: "/data", subPathExpr: "of/$(POD)" },
      { name: "c", mountPath: "/etc/app.conf", subPath: "app.conf", readOnly: true },
    ];
    await rig.volumes.setUp(pod, rig.context);
    const [data, file] = await rig.volumes.mounts(pod.spec!.containers[0]!, new Map([["POD", "web-0"]]));
    await writeFile(join(data!.hostPath, "written"), "x");
    const volume = join(rig.podDirectory, "volumes/kubernetes.io~empty-dir/d");
    assert.equal(await readFile(join(volume, "of/web-0/written"), "utf8"), "x");
    assert.equal((await stat(join(volume, "of"))).mode & 0o777, 0o777);
    assert.equal(await readFile(file!.hostPath, "utf8"), "one");

    rig.configMaps.set("default/settings", configMap({ "app.conf": "two" }));
    await rig.volumes.setUp(pod, rig.context);
    assert.equal(
      await readFile(file!.hostPath, "utf8"),
      "one",
      "a running container's subPath never changes",
    );
    const [, afterRestart] = await rig.volumes.mounts(pod.spec!.containers[0]!, new Map([["POD", "web-0"]]));
    assert.equal(await readFile(afterRestart!.hostPath, "utf8"), "two");

    await rig.volumes.tearDown();
    assert.equal(await mountAt(data!.hostPath), undefined);
  },
);

test("PodVolumes refuses a subPath that leaves the volume, by name or by link", { skip }, async (t) => {
  const rig = await makeRig(t);
  const pod = podWith({ name: "d", emptyDir: {} });
  await rig.volumes.setUp(pod, rig.context);
  const volume = join(rig.podDirectory, "volumes/kubernetes.io~empty-dir/d");
  await symlink("/etc", join(volume, "out"));
  await mkdir(join(volume, "in"));
  await symlink("in", join(volume, "inside"));
  const mounts = (mount: Partial<NonNullable<Container["volumeMounts"]>[0]>) =>
    rig.volumes.mounts(
      { name: "c", volumeMounts: [{ name: "d", mountPath: "/m", ...mount }] },
      new Map([["E", ""]]),
    );
  await assert.rejects(
    mounts({ subPath: "out/passwd" }),
    /^Error: failed to prepare subPath for volumeMount "d" of container "c"$/,
  );
  await assert.rejects(
    mounts({ subPath: "out/new" }),
    /^Error: failed to create subPath directory for volumeMount "d"/,
  );
  await assert.rejects(mounts({ subPathExpr: "/abs" }), /error SubPath `\/abs` must not be an absolute path/);
  await assert.rejects(
    mounts({ subPath: "a/../.." }),
    /unable to provision SubPath `a\/..\/..`: must not contain '..'/,
  );
  await assert.rejects(mounts({ subPathExpr: "$(E)$(N)" }), /missing value for E, N/);
  const [inside] = await mounts({ subPath: "inside" });
  await writeFile(join(inside!.hostPath, "f"), "x");
  assert.equal(await readFile(join(volume, "in/f"), "utf8"), "x");
});

test("PodVolumes checks what a hostPath is", async (t) => {
  const rig = await makeRig(t);
  const place = join(rig.root, "place");
  const setUp = (type: string) =>
    new PodVolumes(rig.podDirectory).setUp(
      podWith({ name: "h", hostPath: { path: place, type } }),
      rig.context,
    );
  await setUp("");
  await assert.rejects(
    setUp("Directory"),
    new RegExp(`hostPath type check failed: ${place} is not a directory`),
  );
  await assert.rejects(setUp("Socket"), /is not a socket file/);
  await setUp("FileOrCreate");
  await setUp("File");
  await assert.rejects(setUp("DirectoryOrCreate"), /is not a directory/);
  await assert.rejects(setUp("BlockDevice"), /is not a block device/);
});

test("PodVolumes makes mount points for volumes inside a read-only volume", async (t) => {
  const rig = await makeRig(t);
  rig.configMaps.set("default/settings", configMap({ a: "1" }));
  const pod = podWith({ name: "c", configMap: { name: "settings" } }, { name: "d", emptyDir: {} });
  pod.spec!.containers[0]!.volumeMounts = [
    { name: "c", mountPath: "/etc/app/" },
    { name: "d", mountPath: "/etc/app/cache/x" },
    { name: "d", mountPath: "/etc/app/cache/x/y" },
  ];
  await rig.volumes.setUp(pod, rig.context);
  const directory = join(rig.podDirectory, "volumes/kubernetes.io~configmap/c");
  assert.ok((await stat(join(directory, "cache/x"))).isDirectory());
  await assert.rejects(lstat(join(directory, "cache/x/y")), { code: "ENOENT" });
});

test("removePodDirectory removes the pods that nobody wants", { skip }, async (t) => {
  const rig = await makeRig(t);
  const pod = podWith({ name: "m", emptyDir: { medium: "Memory" } });
  await rig.volumes.setUp(pod, rig.context);
  await mkdir(join(rig.root, "pods/wanted"));
  const orphans = await orphanedPodDirectories(rig.root, (uid) => uid === "wanted");
  assert.deepEqual(orphans, [rig.podDirectory]);
  for (const orphan of orphans) await removePodDirectory(orphan);
  assert.deepEqual(await readdir(join(rig.root, "pods")), ["wanted"]);
});

async function makeRig(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), "knarr-volumes-"));
  const podDirectory = join(root, "pods", "uid-1");
  await mkdir(podDirectory, { recursive: true });
  const volumes = new PodVolumes(podDirectory);
  t.after(async () => {
    await removePodDirectory(podDirectory);
    await rm(root, { recursive: true });
  });
  const configMaps = new Map<string, ConfigMap>();
  const secrets = new Map<string, Secret>();
  const context: PodVolumeContext = {
    node: { metadata: { name: "n" }, status: { allocatable: { memory: "1Gi", cpu: "2" } } },
    configMap: (key) => configMaps.get(key),
    secret: (key) => secrets.get(key),
    serviceAccountToken: async () => ({ token: "t", expiresAt: 5000, refreshInMs: 1000 }),
    podIPs: [],
    hostIPs: [],
  };
  return { root, podDirectory, volumes, configMaps, secrets, context };
}

function configMap(data: Record<string, string>): ConfigMap {
  return { metadata: { name: "settings", namespace: "default" }, data };
}

function podWith(...volumes: Volume[]): Pod {
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  return {
    metadata: { name: "web-0", namespace: "default", uid: "uid-1", labels: { quoted: 'a"b', app: "web" } },
    spec: { volumes, containers: [{ name: "c", image: "i", volumeMounts }] },
  };
}
