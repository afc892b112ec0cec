/**
 * Does something to this machine's store: by the server that has it open, or, when Knarr does not run, right here. Right here also when the options
 * name another store than that of the Knarr that runs, such as a backup to be checked.
 */

import { existsSync } from "node:fs";
import { datastoreFile } from "../datastore.ts";
import { options, type Config } from "../options.ts";
import { paths } from "../paths.ts";
import { findRunning } from "../run-file.ts";
import { ask } from "./control-socket.ts";
import { openClusterStore } from "./open-cluster-store.ts";
import { operations, type Operation, type OperationName, type ResultOf } from "./operations.ts";

export async function operate<N extends OperationName>(
  config: Config,
  request: { readonly operation: N; readonly words?: readonly string[] },
  report: (progress: string) => void = () => {},
): Promise<ResultOf<N>> {
  const { operation, words = [] } = request;
  const running = findRunning(config);
  if (running && !namesAnother(config, running.config))
    return ask(paths(running.config).controlSocket, { operation, words }, report);
  const file = datastoreFile(config);
  if (file && !existsSync(file)) throw new Error(`Cannot find a store at ${file}: \`knarr up\` makes one`);
  await using store = await openClusterStore(config);
  return (await (operations[operation] as Operation)(store, words, report)) as ResultOf<N>;
}

/** Options that are left out mean the store of the Knarr that runs, however that was told of it. */
function namesAnother(config: Config, running: Config): boolean {
  return (["datastore-endpoint", "data-dir"] as const).some(
    (name) => config[name] !== options[name].value && config[name] !== running[name],
  );
}
