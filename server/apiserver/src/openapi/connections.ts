/** Subresources that are connections: exec, attach, port-forward and proxy. What they are asked for with is in the query. */

import type { Operation, Path } from "./operations.ts";
import { flag, number, text, type Parameter } from "./parameters.ts";

const streams = [text("container"), flag("stderr"), flag("stdin"), flag("stdout"), flag("tty")];
const path = [text("path")];

/** By the kind of the options. */
const parameters: Readonly<Record<string, readonly Parameter[]>> = {
  PodExecOptions: [text("command"), ...streams],
  PodAttachOptions: streams,
  PodPortForwardOptions: [number("ports")],
  PodProxyOptions: path,
  ServiceProxyOptions: path,
  NodeProxyOptions: path,
};

export const logParameters: readonly Parameter[] = [
  text("container"),
  flag("follow"),
  flag("insecureSkipTLSVerifyBackend"),
  number("limitBytes"),
  flag("previous"),
  number("sinceSeconds"),
  text("stream"),
  number("tailLines"),
  flag("timestamps"),
];

/** The paths of a connection that would else be at `place`; undefined when `kind` is no options of one. */
export function connectionPaths(place: Path, kind: string): Path[] | undefined {
  const own = parameters[kind];
  if (!own) return undefined;
  const methods = place.operations.map(({ method }) => method);
  const isProxy = own === path;
  const operations = [...methods, ...(isProxy ? (["head", "options"] as const) : [])].map(connection);
  const connected: Path = { ...place, operations, parameters: own };
  if (!isProxy) return [connected];
  const below: Path = {
    ...connected,
    path: `${place.path}/{path}`,
    names: [...place.names, "path"],
    suffix: `${place.suffix}WithPath`,
  };
  return [connected, below];
}

function connection(method: Operation["method"]): Operation {
  return {
    ...{ method, action: "connect", verb: "connect", parameters: [], answer: "stream", codes: [200] },
    mark: method.charAt(0).toUpperCase() + method.slice(1),
  };
}
