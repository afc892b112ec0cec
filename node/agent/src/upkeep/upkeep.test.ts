/** Keeping clean: logs that rotate while they are written, dead instances and images that nobody needs. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Image } from "@knarr/cri/generated/cri-v1.ts";
import type { ContainerInstance, PodRuntime } from "../runtime/pod-runtime.ts";
import { superfluous } from "./dead-containers.ts";
import { defaultImageGc, ImageUses } from "./image-gc.ts";
import { rotateLog } from "./log-rotation.ts";

const limits = { maxBytes: 10, maxFiles: 3 };
const noon = Date.UTC(2026, 4, 28, 12);

test("rotateLog starts a new file when one is full, compresses the old ones and keeps a few", async () => {
  const directory = mkdtempSync("/tmp/knarr-agent-test-logs-");
  const path = join(directory, "0.log");
  const reopen = async () => writeFileSync(path, "");
  writeFileSync(path, "short");
  assert.equal(await rotateLog({ path, reopen }, limits, noon), false);
  for (let i = 0; i < 4; i++) {
    writeFileSync(path, `long enough ${i}`);
    assert.equal(await rotateLog({ path, reopen }, limits, noon + i * 1000), true);
  }
  assert.deepEqual(readdirSync(directory).sort(), [
    "0.log",
    "0.log.20260528-120002.gz",
    "0.log.20260528-120003",
  ]);
  assert.equal(gunzipSync(readFileSync(`${path}.20260528-120002.gz`)).toString(), "long enough 2");
  rmSync(directory, { recursive: true });
});

test("rotateLog leaves the log as it was when the runtime does not go on in a new one", async () => {
  const directory = mkdtempSync("/tmp/knarr-agent-test-logs-");
  const path = join(directory, "0.log");
  writeFileSync(path, "long enough");
  const reopen = async () => {
    throw new Error("no");
  };
  await assert.rejects(rotateLog({ path, reopen }, limits, noon), /no/);
  assert.deepEqual(readdirSync(directory), ["0.log"]);
  rmSync(directory, { recursive: true });
});

const instance = (id: string, name: string, state: ContainerInstance["state"], sandboxId = "s2") =>
  ({ id, name, state, sandboxId }) as ContainerInstance;

test("superfluous keeps what runs and the last dead instance of each container", () => {
  const sandbox = (id: string, ready: boolean) => ({
    id,
    ready,
    attempt: 0,
    createdAt: 0,
    hostNetwork: false,
    ips: [],
  });
  const pod: PodRuntime = {
    uid: "u",
    name: "n",
    namespace: "ns",
    sandboxes: [sandbox("s2", true), sandbox("s1", false), sandbox("s0", false)],
    containers: [
      instance("a3", "a", "running"),
      instance("a2", "a", "exited"),
      instance("b1", "b", "exited", "s1"),
      instance("a1", "a", "exited", "s1"),
      instance("a0", "a", "exited", "s0"),
    ],
  };
  const { containers, sandboxes } = superfluous(pod);
  assert.deepEqual([containers.map(({ id }) => id), sandboxes.map(({ id }) => id)], [["a1", "a0"], ["s0"]]);
});

test("ImageUses gives the longest unused first, and none that is used, kept or young", () => {
  const image = (id: string, size: number) =>
    ({ id, size, repoTags: [`${id}:1`], repoDigests: [], pinned: false }) as unknown as Image;
  const uses = new ImageUses();
  const images = [image("old", 10), image("older", 10), image("used", 10), image("pause", 1)];
  uses.note(images, new Set(["old:1", "used"]), new Set(["pause:1"]), 0);
  uses.note([...images, image("young", 10)], new Set(["used"]), new Set(["pause:1"]), 200_000);
  const ids = (bytes: number) => uses.candidates(bytes, defaultImageGc, 200_000).map(({ id }) => id);
  assert.deepEqual(ids(5), ["old"]);
  assert.deepEqual(ids(1000).sort(), ["old", "older"]);
});
