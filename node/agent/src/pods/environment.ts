/**
 * A container's environment: Services first, then `envFrom`, then `env`, where later ones win and values may refer to earlier ones as
 * `$(NAME)`. Pure; throws what becomes a CreateContainerConfigError.
 */

import type { Container, EnvFromSource, EnvVar, Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import { fieldOfPod, resourceOfContainer } from "../downward.ts";
import { expandFrom } from "../expansion.ts";
import { serviceEnvironment } from "./service-environment.ts";
import type { Surroundings } from "./surroundings.ts";

export function environmentOf(pod: Pod, container: Container, around: Surroundings): Map<string, string> {
  const fromServices = serviceEnvironment(visibleServices(pod, around));
  const variables = new Map<string, string>();
  for (const source of container.envFrom ?? []) addAll(variables, source, pod, around);
  for (const variable of container.env ?? []) {
    const known = { get: (name: string) => variables.get(name) ?? fromServices.get(name) };
    const value = variable.valueFrom
      ? valueFrom(variable, pod, container, around)
      : expandFrom(variable.value ?? "", known as ReadonlyMap<string, string>);
    if (value !== undefined) variables.set(variable.name, value);
  }
  for (const [name, value] of fromServices) if (!variables.has(name)) variables.set(name, value);
  return variables;
}

/** Those of the pod's namespace unless it does not want them, and the API's own always. */
function visibleServices(pod: Pod, { services }: Surroundings): readonly Service[] {
  const namespace = pod.metadata?.namespace ?? "";
  const api = services("default").filter(({ metadata }) => metadata?.name === "kubernetes");
  const own = pod.spec?.enableServiceLinks === false ? [] : services(namespace);
  return own.some(({ metadata }) => metadata?.name === "kubernetes") ? own : [...api, ...own];
}

function addAll(variables: Map<string, string>, source: EnvFromSource, pod: Pod, around: Surroundings): void {
  const { prefix = "", configMapRef, secretRef } = source;
  const namespace = pod.metadata?.namespace ?? "";
  if (configMapRef) {
    const { name = "", optional } = configMapRef;
    const found = around.configMap(`${namespace}/${name}`);
    if (!found && !optional) throw new Error(`configmap "${name}" not found`);
    for (const [key, value] of Object.entries(found?.data ?? {})) setIfNamed(variables, prefix + key, value);
  } else if (secretRef) {
    const { name = "", optional } = secretRef;
    const found = around.secret(`${namespace}/${name}`);
    if (!found && !optional) throw new Error(`secret "${name}" not found`);
    for (const [key, value] of Object.entries(found?.data ?? {}))
      setIfNamed(variables, prefix + key, decode(value));
  }
}

/** What cannot be a name is left out, as upstream does: the rest of the map is still of use. */
function setIfNamed(variables: Map<string, string>, name: string, value: string): void {
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(name)) variables.set(name, value);
}

function valueFrom(
  { valueFrom }: EnvVar,
  pod: Pod,
  container: Container,
  around: Surroundings,
): string | undefined {
  const namespace = pod.metadata?.namespace ?? "";
  if (valueFrom?.fieldRef) return fieldOfPod(valueFrom.fieldRef.fieldPath, pod, around);
  if (valueFrom?.resourceFieldRef)
    return resourceOfContainer(valueFrom.resourceFieldRef, pod, around.node, container);
  if (valueFrom?.configMapKeyRef) {
    const { name = "", key, optional } = valueFrom.configMapKeyRef;
    const found = around.configMap(`${namespace}/${name}`);
    if (!found && !optional) throw new Error(`configmap "${name}" not found`);
    const value = found?.data?.[key];
    if (value === undefined && !optional)
      throw new Error(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return value;
  }
  if (valueFrom?.secretKeyRef) {
    const { name = "", key, optional } = valueFrom.secretKeyRef;
    const found = around.secret(`${namespace}/${name}`);
    if (!found && !optional) throw new Error(`secret "${name}" not found`);
    const value = found?.data?.[key];
    if (value === undefined && !optional)
      throw new Error(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return value === undefined ? undefined : decode(value);
  }
  throw new Error("fileKeyRef is not supported by this node");
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
