/** Ports that containers name, and ports of the host that they claim. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { portName, portNumber } from "@knarr/machinery/names.ts";

import type { Container, ContainerPort } from "../../../generated/core-v1.ts";
import { reject, requireOneOf } from "../values.ts";
import type { PodContext } from "./context.ts";

export const protocols = ["SCTP", "TCP", "UDP"];

export function validateContainerPorts(ports: readonly ContainerPort[], errors: FieldErrors): void {
  const names = new Set<string>();
  ports.forEach(({ name, containerPort, hostPort, protocol }, i) => {
    const at = errors.at(i);
    if (name) validateName(name, names, at.at("name"));
    if (!containerPort) at.at("containerPort").required();
    else reject(at.at("containerPort"), containerPort, portNumber(containerPort));
    if (hostPort) reject(at.at("hostPort"), hostPort, portNumber(hostPort));
    requireOneOf(at.at("protocol"), protocol, protocols);
  });
}

function validateName(name: string, names: Set<string>, errors: FieldErrors): void {
  const problems = portName(name);
  reject(errors, name, problems);
  if (problems.length) return;
  if (names.has(name)) errors.duplicate(name);
  names.add(name);
}

/** No two containers may claim one port of the host; `errors` is the list of containers. */
export function validateHostPortsAreFree(containers: readonly Container[], errors: FieldErrors): void {
  const taken = new Set<string>();
  containers.forEach(({ ports = [] }, i) =>
    ports.forEach(({ hostPort, hostIP = "", protocol }, j) => {
      if (!hostPort) return;
      const key = `${protocol ?? ""}/${hostIP}/${hostPort}`;
      if (taken.has(key)) errors.at(i).at("ports").at(j).at("hostPort").duplicate(key);
      taken.add(key);
    }),
  );
}

/** On the host's network the two are one port. */
export function validateHostNetworkPorts(errors: FieldErrors, { spec, isPod }: PodContext): void {
  if (!spec.hostNetwork) return;
  const at = errors.at("containers");
  (spec.containers ?? []).forEach(({ ports = [] }, i) =>
    ports.forEach(({ hostPort = 0, containerPort }, j) => {
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        at.at(i)
          .at("ports")
          .at(j)
          .at("hostPort")
          .invalid(hostPort, "must match `containerPort` when `hostNetwork` is true");
    }),
  );
}

/** A port by number or by name, as probes and Services give it. */
export function validatePortReference(port: number | string | undefined, errors: FieldErrors): void {
  if (typeof port === "string") reject(errors, port, portName(port));
  else reject(errors, port ?? 0, portNumber(port ?? 0));
}
