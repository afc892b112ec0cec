/** `knarr up`: a cluster on this machine, in the foreground or (`--detach`) in the background. */

import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "@knarr/std/log.ts";
import { serverAddress } from "../addresses.ts";
import { defineCommand } from "../command.ts";
import { readConfig, type Config } from "../config.ts";
import { localNodes, onNode, type LocalNode } from "../local-nodes.ts";
import { linkNodes } from "../node-links.ts";
import { refuseWords } from "../option.ts";
import { preflight } from "../preflight.ts";
import { prepare } from "../prepare.ts";
import { endProcess, isAlive, processId } from "../processes.ts";
import {
  findRunning,
  readRunFile,
  removeRunFile,
  RunFileKeeper,
  runFilePath,
  writeRunFile,
} from "../run-file.ts";
import { Supervisor, type Message } from "../supervisor.ts";
import { elapsed, type Terminal } from "../terminal.ts";
import { versionText } from "../version.ts";

/**
 * One thread fewer than there are processors, rather than four, helps V8 collect and compile: where two are all there is, four keep requests waiting
 * for 5 ms and more (one in a hundred creates or gets: docs/performance.md).
 */
const POOL = "--v8-pool-size=0";
/** New objects may take three times so many MB. V8's 48 would stay with the agent, which has little to do; the server needs and gives them back. */
const AGENT_ROOM = "--max-semi-space-size=1";
/**
 * Memory is given back when the server rests (give-back.ts). V8 would do so some seconds after every load, to which the next one then loses twice the time
 * of its requests: it collects all the time in the little room that is left.
 */
const KEEP_FOR_NEXT_LOAD = "--no-memory-reducer";
/**
 * V8 collects all when there is twice as much again as was left by the time before; by itself, under load, when there is half as much. Half of the collections stop
 * the server half as often, 20 to 40 ms each, and a third of the work of telling many watchers was theirs.
 */
const ROOM_FOR_GARBAGE = "--heap-growing-percent=200";

export const up = defineCommand({
  name: "up",
  summary: "Start a cluster on this machine",
  usage: "knarr up [--detach] [OPTIONS]",

  async run(argv, terminal) {
    const { config, words } = readConfig(argv);
    refuseWords("up", words);
    const running = findRunning(config);
    if (running) {
      terminal.line(
        `Knarr is running already (process ${running.supervisor.pid}, data in ${running.config["data-dir"]}).`,
      );
      sayWhatNext(running.config, terminal);
      return 0;
    }
    return config.detach ? detach(config, argv, terminal) : foreground(config, terminal);
  },
});

async function foreground(config: Config, terminal: Terminal): Promise<number> {
  const started = performance.now();
  terminal.line(`${versionText()} on node ${config["node-name"]} (${config["node-ip"]})`);
  await endLeftovers(config, terminal);
  const warnings = await terminal.step("Checked this machine", () => preflight(config));
  for (const warning of warnings) terminal.line(warning);
  await terminal.step("Certificates are in place", () => prepare(config));

  const me = { supervisor: processId(process.pid)!, config };
  writeRunFile({ ...me, processes: {} });
  const nodes = localNodes(config);
  for (const node of nodes) writeRunFile({ ...me, config: node.config, processes: {} });
  if (nodes.length) await terminal.step("Linked the further nodes", () => linkNodes(nodes));
  const nodeOf = (name: string): LocalNode | undefined =>
    nodes.find(({ number }) => name.endsWith(`-${number}`));
  const log = createLogger({ verbose: config.verbose });
  using runFile = new RunFileKeeper(log);
  await using supervisor = new Supervisor({
    wordsFor: (name) => ["process", partOf(name), "--run-file", runFilePath(nodeOf(name)?.config ?? config)],
    placeFor: (name) => {
      const node = nodeOf(name);
      return node ? onNode(node) : [];
    },
    flagsFor: (name) => [
      POOL,
      ...(partOf(name) === "agent" ? [AGENT_ROOM] : [KEEP_FOR_NEXT_LOAD, ROOM_FOR_GARBAGE]),
    ],
    logDir: config["log-dir"],
    log,
    onChange: (processes) => runFile.write({ ...me, processes }),
  });
  const asked = new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve(name));
  });
  const ready = startParts(config, supervisor, terminal).then(() => "ready" as const);
  const first = await Promise.race([ready, asked]).catch(async (err) => {
    await supervisor[Symbol.asyncDispose]();
    // Imported here only: a start that succeeds has no use for a runtime client, which takes 15 MB of this long-lived process.
    await (await import("../clean-up.ts")).endHalfStarted(config);
    removeRunFile(config);
    throw err;
  });
  if (first === "ready") {
    terminal.line(`  Ready after ${elapsed(performance.now() - started)}`);
    sayWhatNext(config, terminal);
    if (process.connected) process.send!({ ready: {} } satisfies Message, () => process.disconnect?.());
    await asked;
  }
  terminal.line("Ending Knarr's own processes; pods go on running. `knarr down` stops them too.");
  return 0;
}

/** Everything is started at once; the steps wait for each other's readiness only where it is told to the user. */
async function startParts(config: Config, supervisor: Supervisor, terminal: Terminal): Promise<void> {
  const server = supervisor.start("server");
  const agent = config.disable.includes("agent") ? undefined : supervisor.start("agent");
  const dns = config.disable.includes("dns") || !agent ? undefined : supervisor.start("dns");
  const further = agent ? localNodes(config) : [];
  const started = further.map(({ number, config: { "node-name": name } }) => {
    const parts = [supervisor.start(`agent-${number}`), ...(dns ? [supervisor.start(`dns-${number}`)] : [])];
    return { name, ready: Promise.all(parts) };
  });
  await terminal.step(
    "API server",
    () => server,
    () => `API server answers on ${serverAddress(config)}`,
  );
  if (agent)
    await terminal.step(
      "Node",
      () => agent,
      () => `Node ${config["node-name"]} is Ready`,
    );
  if (dns)
    await terminal.step(
      "DNS",
      () => dns,
      () => `DNS answers on ${config["cluster-dns"]}`,
    );
  for (const { name, ready } of started)
    await terminal.step(
      `Node ${name}`,
      () => ready,
      () => `Node ${name} is Ready`,
    );
}

/** `agent-2` is node 2's agent. */
function partOf(name: string): string {
  return name.replace(/-\d+$/, "");
}

/** Processes of a Knarr whose supervisor was killed. */
async function endLeftovers(config: Config, terminal: Terminal): Promise<void> {
  const file = readRunFile(config);
  const left = Object.values(file?.processes ?? {}).filter(isAlive);
  if (left.length) {
    await terminal.step("Ended what an earlier Knarr left running", () =>
      Promise.all(left.map((id) => endProcess(id))),
    );
  }
  removeRunFile(config);
}

/** Starts the same command in the background and passes on what it says until it is ready or gives up. */
async function detach(config: Config, argv: readonly string[], terminal: Terminal): Promise<number> {
  mkdirSync(config["log-dir"], { recursive: true, mode: 0o750 });
  const logFile = join(config["log-dir"], "knarr.log");
  const log = openSync(logFile, "a", 0o640);
  const words = argv.filter((word) => word !== "--detach" && word !== "--detach=true");
  const main = join(import.meta.dirname, "..", "main.ts");
  const child = spawn(process.execPath, [...process.execArgv, main, "up", ...words, "--detach=false"], {
    detached: true,
    stdio: ["ignore", "pipe", log, "ipc"],
  });
  child.stdout!.on("data", (chunk: Buffer) => process.stdout.write(chunk));
  const failure = await new Promise<string | undefined>((resolve) => {
    child.once("message", (message: Message) => resolve("failed" in message ? message.failed : undefined));
    child.once("close", (code) =>
      resolve(`Knarr ended before it was ready (exit code ${code}); see ${logFile}`),
    );
  });
  child.unref();
  child.stdout!.destroy();
  if (child.connected) child.disconnect();
  if (failure !== undefined) throw new Error(failure);
  terminal.line(`Knarr runs in the background (process ${child.pid}); \`knarr down\` stops it.`);
  return 0;
}

function sayWhatNext(config: Config, terminal: Terminal): void {
  terminal.line();
  terminal.line(`  export KUBECONFIG=${config.kubeconfig}`);
  terminal.line("  kubectl get nodes");
  terminal.line();
}
