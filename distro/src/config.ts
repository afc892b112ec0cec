/**
 * From words to a whole config: flags, environment and config file, then what is found out by looking (node name and
 * address, DNS address), checked as a whole. Everything that can be wrong with options is said here, before anything starts.
 */

import { existsSync, readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { loadAll } from "js-yaml";
import { contains, nthAddress, nthNetwork, overlap } from "./addresses.ts";
import { datastoreProblem } from "./datastore.ts";
import { whyNoNodes } from "./local-nodes.ts";
import { options, type Config } from "./options.ts";
import { parseOptions, UsageError, type Options, type Parsed } from "./option.ts";

export type { Config } from "./options.ts";

/**
 * The config, with `node-name`, `node-ip` and `cluster-dns` filled in, the values of a command's `own` options, and the
 * words that belong to no option. Throws UsageError.
 */
export function readConfig<O extends Options = {}>(
  argv: readonly string[],
  own: O = {} as O,
  env: NodeJS.ProcessEnv = process.env,
): { config: Config; own: Parsed<O>; words: string[] } {
  const table: Options = { ...options, ...own };
  const path = parseOptions(table, { argv, env }).values["config"] as string;
  const isNamed = path !== options.config.value;
  if (isNamed && !existsSync(path))
    throw new UsageError(`Cannot read --config ${path}: there is no such file`);
  const file = existsSync(path) ? { file: { path, values: readFile(path) } } : {};
  const { values, words } = parseOptions(table, { argv, env, ...file });
  const [names, ownNames] = [new Set(Object.keys(options)), new Set(Object.keys(own))];
  const pick = (wanted: ReadonlySet<string>): any =>
    Object.fromEntries(Object.entries(values).filter(([name]) => wanted.has(name)));
  return { config: complete(pick(names)), own: pick(ownNames), words };
}

function readFile(path: string): Record<string, unknown> {
  let values: unknown;
  try {
    values = loadAll(readFileSync(path, "utf8"))[0] ?? {}; // one that says nothing is no mistake
  } catch (err) {
    throw new UsageError(`Cannot read ${path}: ${(err as Error).message.split("\n")[0]}`);
  }
  if (typeof values !== "object" || Array.isArray(values))
    throw new UsageError(`Cannot read ${path}: wants lines of \`name: value\``);
  return values as Record<string, unknown>;
}

function complete(config: Config): Config {
  const nodeName = (config["node-name"] || hostname()).toLowerCase();
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(nodeName) || nodeName.length > 253) {
    throw new UsageError(
      `Cannot name this node ${JSON.stringify(nodeName)}: wants letters, digits, "-" and "."; choose one with --node-name`,
    );
  }
  const nodeIP = config["node-ip"] || defaultAddress();
  if (!nodeIP)
    throw new UsageError(
      "Cannot find an address of this node: no network interface has one; give it with --node-ip",
    );
  const clusterDns = config["cluster-dns"] || nthAddress(config["service-cidr"], 10);
  if (!contains(config["service-cidr"], clusterDns)) {
    throw new UsageError(
      `Cannot use --cluster-dns ${clusterDns}: it must lie in --service-cidr ${config["service-cidr"]}`,
    );
  }
  if (overlap(config["cluster-cidr"], config["service-cidr"])) {
    throw new UsageError(
      `Cannot use --cluster-cidr ${config["cluster-cidr"]} with --service-cidr ${config["service-cidr"]}: they overlap`,
    );
  }
  for (const name of ["cluster-cidr", "service-cidr"] as const) {
    if (contains(config[name], nodeIP))
      throw new UsageError(
        `Cannot use --${name} ${config[name]}: this node's own address ${nodeIP} lies in it`,
      );
  }
  const podCidr = config["pod-cidr"] || nthNetwork(config["cluster-cidr"], 0);
  if (!overlap(config["cluster-cidr"], podCidr))
    throw new UsageError(
      `Cannot use --pod-cidr ${podCidr}: it must lie in --cluster-cidr ${config["cluster-cidr"]}`,
    );
  const wrong = datastoreProblem(config);
  if (wrong) throw new UsageError(wrong);
  const whole = {
    ...config,
    "node-name": nodeName,
    "node-ip": nodeIP,
    "cluster-dns": clusterDns,
    "pod-cidr": podCidr,
  };
  const refusal = whyNoNodes(whole);
  if (refusal) throw new UsageError(`Cannot use ${refusal}`);
  return whole;
}

/** Source address towards the default gateway; without one, the first address that is not loopback's. */
function defaultAddress(): string | undefined {
  const gateway = readFileSync("/proc/net/route", "utf8")
    .split("\n")
    .map((line) => line.split("\t"))
    .find(
      ([, destination, , flags]) =>
        destination === "00000000" && (Number.parseInt(flags ?? "0", 16) & 2) !== 0,
    );
  const interfaces = networkInterfaces();
  const candidates = gateway
    ? (interfaces[gateway[0]!] ?? [])
    : Object.values(interfaces).flatMap((list) => list ?? []);
  return candidates.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
