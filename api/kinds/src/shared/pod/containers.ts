/** The containers of a pod: what all have in common, and what regular, init and ephemeral ones may and may not. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label } from "@knarr/machinery/names.ts";

import type { Container, EphemeralContainer } from "../../../generated/core-v1.ts";
import { equivalent } from "../equality.ts";
import { checkOneOf, reject, requireOneOf } from "../values.ts";
import { isSidecar, type PodContext } from "./context.ts";
import { validateEnv, validateEnvFrom } from "./env.ts";
import { validateVolumeDevices, validateVolumeMounts } from "./mounts.ts";
import { validateContainerPorts, validateHostPortsAreFree } from "./ports.ts";
import { validateContainerProbes, validateLifecycle } from "./probes.ts";
import { validateContainerResources } from "./resources.ts";
import { validateContainerRestart, validateInitContainerRestart, validateResizePolicy } from "./restart.ts";
import { validateSecurityContext } from "./security.ts";
import { pullPolicies } from "./volumes/volumes.ts";

export function validateContainers(errors: FieldErrors, context: PodContext): void {
  const { containers = [], terminationGracePeriodSeconds: grace } = context.spec;
  if (!containers.length) return errors.required();
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = errors.at(i);
    validateContainer(container, at, context);
    if (names.has(container.name)) at.at("name").duplicate(container.name ?? "");
    names.add(container.name);
    if (container.lifecycle) validateLifecycle(container.lifecycle, at.at("lifecycle"), grace);
    validateContainerProbes(container, at, grace);
    validateContainerRestart(container, at);
  });
  validateHostPortsAreFree(containers, errors);
}

export function validateInitContainers(errors: FieldErrors, context: PodContext): void {
  const { initContainers = [], containers = [] } = context.spec;
  const names = new Set(containers.map(({ name }) => name));
  initContainers.forEach((container, i) => {
    const at = errors.at(i);
    validateContainer(container, at, context);
    validateInitContainerRestart(container, at);
    if (names.has(container.name)) at.at("name").duplicate(container.name ?? "");
    else if (container.name) names.add(container.name);
    validateHostPortsAreFree([container], errors);
    validateRunsAlongside(container, at, context);
  });
}

const ofRunningContainers = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

/** Only sidecars live on beside the others, so only they can be probed. */
function validateRunsAlongside(container: Container, errors: FieldErrors, context: PodContext): void {
  const grace = context.spec.terminationGracePeriodSeconds;
  if (isSidecar(container)) {
    if (container.lifecycle) validateLifecycle(container.lifecycle, errors.at("lifecycle"), grace);
    validateContainerProbes(container, errors, grace);
    return;
  }
  for (const field of ofRunningContainers)
    if (container[field])
      errors.at(field).forbidden("may not be set for init containers without restartPolicy=Always");
  if (context.tolerated.restartingResizeOfInitContainers) return;
  (container.resizePolicy ?? []).forEach(({ restartPolicy }, i) => {
    if (restartPolicy === "RestartContainer")
      errors
        .at("resizePolicy")
        .at(i)
        .at("restartPolicy")
        .invalid(restartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers");
  });
}

/** Fields that make no sense for a container that is put into a running pod, in the order of the type. */
const notEphemeral = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
] as const;

export function validateEphemeralContainers(errors: FieldErrors, context: PodContext): void {
  const { ephemeralContainers = [], containers = [], initContainers = [] } = context.spec;
  if (!ephemeralContainers.length) return;
  const others = new Set([...containers, ...initContainers].map(({ name }) => name));
  const names = new Set(others);
  ephemeralContainers.forEach((container, i) => {
    const at = errors.at(i);
    validateContainer(container as Container, at, context);
    validateImageIsTrimmed(container as Container, at);
    if (names.has(container.name)) at.at("name").duplicate(container.name ?? "");
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) at.at("targetContainerName").notFound(target);
    for (const field of notEphemeral)
      if (isSet(container, field)) at.at(field).forbidden("cannot be set for an Ephemeral Container");
    (container.volumeMounts ?? []).forEach(({ subPath, subPathExpr }, j) => {
      const mount = at.at("volumeMounts").at(j);
      if (subPath) mount.at("subPath").forbidden("cannot be set for an Ephemeral Container");
      if (subPathExpr) mount.at("subPathExpr").forbidden("cannot be set for an Ephemeral Container");
    });
  });
}

/** An empty list is set, too. Decoding always fills in `resources`. */
function isSet(container: EphemeralContainer, field: (typeof notEphemeral)[number]): boolean {
  const value = container[field];
  if (Array.isArray(value)) return true;
  return field === "resources" ? Object.keys(value ?? {}).length > 0 : !equivalent(value, undefined);
}

/** Pods want images that can be pulled; templates may hold what something fills in later. */
export function validateImageIsTrimmed({ image = "" }: Container, errors: FieldErrors): void {
  if (image !== image.trim())
    errors.at("image").invalid(image, "must not have leading or trailing whitespace");
}

function validateContainer(container: Container, errors: FieldErrors, context: PodContext): void {
  const { name, image, ports, env, envFrom, volumeMounts, volumeDevices } = container;
  if (!name) errors.at("name").required();
  else reject(errors.at("name"), name, dns1123Label(name));
  if (!image) errors.at("image").required();
  const policy = container.terminationMessagePolicy;
  requireOneOf(errors.at("terminationMessagePolicy"), policy, ["File", "FallbackToLogsOnError"]);
  if (ports) validateContainerPorts(ports, errors.at("ports"));
  if (env) validateEnv(env, errors.at("env"));
  if (envFrom) validateEnvFrom(envFrom, errors.at("envFrom"));
  if (volumeMounts) validateVolumeMounts(container, errors.at("volumeMounts"), context);
  if (volumeDevices) validateVolumeDevices(container, errors.at("volumeDevices"), context);
  if (!container.imagePullPolicy) errors.at("imagePullPolicy").required();
  else checkOneOf(errors.at("imagePullPolicy"), container.imagePullPolicy, pullPolicies);
  validateContainerResources(container.resources, errors.at("resources"), context);
  validateResizePolicy(container, errors.at("resizePolicy"), context.spec.restartPolicy);
  validateSecurityContext(container.securityContext, errors.at("securityContext"), context);
}
