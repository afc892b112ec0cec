/**
 * Upstream's conformance suite against a whole Knarr on a machine of its own, with two nodes:
 *
 *     tools/run tools/conformance.ts --focus sig-auth --procs 4 --out /tmp/conformance
 *
 * What follows is given to the suite's `run.sh` (see ../shared/conformance/README.md), which lies beside the project, as its programs lie in
 * CONFORMANCE_DIR. Our own words: --nodes N, --keep (the machine stays until Ctrl-C, to look at what happened).
 */

import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cannotMakeMachine, Machine } from "../test/e2e/machine.ts";

const shared = join(import.meta.dirname, "../../shared/conformance");
const programs = process.env["CONFORMANCE_DIR"] ?? "/var/cache/knarr-conformance";
const images = join(programs, "images.tar");

const why =
  cannotMakeMachine() || [shared, images].map((path) => !existsSync(path) && `needs ${path}`).find(Boolean);
if (why) throw new Error(`Cannot run the suite: ${why}`);

const words = process.argv.slice(2);
const take = (name: string): boolean => {
  const at = words.indexOf(name);
  if (at >= 0) words.splice(at, 1);
  return at >= 0;
};
const keep = take("--keep");
const nodesAt = words.indexOf("--nodes");
const [, nodes = "2"] = nodesAt < 0 ? [] : words.splice(nodesAt, 2);

await using machine = await Machine.create(`knarr-conf-${process.pid}`);
mkdirSync(join(machine.folder, "images"));
symlinkSync(images, join(machine.folder, "images", "suite.tar"));
const { code, stdout, stderr } = await machine.knarr("up", "--detach", `--nodes=${nodes}`);
console.log(stdout + stderr);
if (code !== 0) throw new Error(`knarr up ended with ${code}`);
console.log(
  `kubeconfig ${machine.kubeconfig}, logs in ${join(machine.folder, "log")}, network namespace ${machine.host}`,
);
const suite = machine.spawn(join(shared, "run.sh"), ["--kubeconfig", machine.kubeconfig, ...words]);
suite.stdout!.pipe(process.stdout);
suite.stderr!.pipe(process.stderr);
const asked = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
});
process.exitCode = await Promise.race([
  new Promise<number>((resolve) => suite.once("exit", (code) => resolve(code ?? 1))),
  asked.then(() => (suite.kill(), 1)),
]);
if (keep) {
  console.log("The machine stays until Ctrl-C.");
  await asked;
}
