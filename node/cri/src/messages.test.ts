/** Messages on the wire, and the generated tables they are made from. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { taskExit } from "./containerd-api.ts";
import { runtimeService } from "./cri-api.ts";

test("a message sent may leave out anything, one received has every default", () => {
  const { path, encode } = runtimeService.StopContainer;
  assert.equal(path, "/runtime.v1.RuntimeService/StopContainer");
  assert.equal(encode({ containerId: "abc", timeout: 30 }).toString("hex"), "0a03616263101e");

  const answer = runtimeService.ContainerStatus.decode(Buffer.from("0a0b0a02696418022880a08d06", "hex"));
  const { id, state, finishedAt, startedAt, labels, mounts, image } = answer.status!;
  assert.deepEqual([id, state, startedAt], ["id", "CONTAINER_EXITED", 12800000]);
  assert.deepEqual([finishedAt, labels, mounts, image], [0, {}, [], null]);
});

test("events of containerd are read by their numbers", () => {
  const bytes = taskExit.encode({ containerId: "c", id: "e", pid: 7, exitStatus: 137 });
  const { containerId, id, exitStatus, exitedAt } = taskExit.decode(bytes);
  assert.deepEqual([containerId, id, exitStatus, exitedAt], ["c", "e", 137, null]);
});

const source = new URL("../../../../shared/data/cri-v1.json", import.meta.url);
const skip = existsSync(source) ? false : "needs ../shared/data/cri-v1.json";

test("the generated tables are what the tool makes of the description", { skip }, () => {
  const files = ["cri-v1.json", "cri-v1.ts"].map((name) => new URL(`../generated/${name}`, import.meta.url));
  const before = files.map((file) => readFileSync(file, "utf8"));
  execFileSync(process.execPath, [
    new URL("../../../tools/generate-cri.ts", import.meta.url).pathname,
    source.pathname,
  ]);
  assert.deepEqual(
    files.map((file) => readFileSync(file, "utf8")),
    before,
  );
});
