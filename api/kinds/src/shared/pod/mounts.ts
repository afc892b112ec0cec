/** Where containers see volumes: as directories (mounts) or as block devices. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Container, VolumeDevice, VolumeMount } from "../../../generated/core-v1.ts";
import { checkOneOf, reject } from "../values.ts";
import type { PodContext } from "./context.ts";
import { backstepProblems, relativePathProblems } from "./volumes/paths.ts";

/** Findings about paths and modes stand at the list: upstream gives no index for them. */
export function validateVolumeMounts(
  container: Container,
  errors: FieldErrors,
  { volumes }: PodContext,
): void {
  const devices = container.volumeDevices ?? [];
  const points = new Set<string>();
  (container.volumeMounts ?? []).forEach((mount, i) => {
    const { name = "", mountPath = "" } = mount;
    const at = errors.at(i);
    if (!name) at.at("name").required();
    if (!volumes.has(name)) at.at("name").notFound(name);
    if (!mountPath) at.at("mountPath").required();
    if (points.has(mountPath)) at.at("mountPath").invalid(mountPath, "must be unique");
    points.add(mountPath);
    if (devices.some((device) => device.name === name))
      at.at("name").invalid(name, "must not already exist in volumeDevices");
    if (devices.some((device) => device.devicePath === mountPath))
      at.at("mountPath").invalid(mountPath, "must not already exist as a path in volumeDevices");
    validateSubPath(mount, at, errors);
    if (mount.mountPropagation != null) validatePropagation(mount.mountPropagation, container, errors);
    validateRecursiveReadOnly(mount, errors.at("recursiveReadOnly"));
  });
}

function validateSubPath(
  { subPath, subPathExpr }: VolumeMount,
  errors: FieldErrors,
  list: FieldErrors,
): void {
  if (subPath) reject(list.at("subPath"), subPath, relativePathProblems(subPath));
  if (!subPathExpr) return;
  if (subPath)
    errors.at("subPathExpr").invalid(subPathExpr, "subPathExpr and subPath are mutually exclusive");
  reject(list.at("subPathExpr"), subPathExpr, relativePathProblems(subPathExpr));
}

function validatePropagation(mode: string, { securityContext }: Container, errors: FieldErrors): void {
  const at = errors.at("mountPropagation");
  checkOneOf(at, mode, ["Bidirectional", "HostToContainer", "None"]);
  if (mode === "Bidirectional" && !securityContext?.privileged)
    at.forbidden("Bidirectional mount propagation is available only to privileged containers");
}

function validateRecursiveReadOnly(mount: VolumeMount, errors: FieldErrors): void {
  const { recursiveReadOnly: mode, readOnly, mountPropagation } = mount;
  if (mode == null || mode === "Disabled") return;
  if (mode !== "Enabled" && mode !== "IfPossible") {
    errors.notSupported(mode, ["Disabled", "Enabled", "IfPossible"]);
    return;
  }
  if (!readOnly) errors.forbidden("may only be specified when readOnly is true");
  if (mountPropagation != null && mountPropagation !== "None")
    errors.forbidden("may only be specified when mountPropagation is None or not specified");
}

export function validateVolumeDevices(
  container: Container,
  errors: FieldErrors,
  { volumes }: PodContext,
): void {
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  (container.volumeDevices ?? []).forEach((device: VolumeDevice, i) => {
    const { name = "", devicePath: path = "" } = device;
    const at = errors.at(i);
    const volume = volumes.get(name);
    if (!name) at.at("name").required();
    if (names.has(name)) at.at("name").invalid(name, "must be unique");
    if (!volume) at.at("name").notFound(name);
    else if (!volume.persistentVolumeClaim && !volume.ephemeral)
      at.at("name").invalid(
        name,
        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
      );
    if (!path) at.at("devicePath").required();
    if (paths.has(path)) at.at("devicePath").invalid(path, "must be unique");
    if (backstepProblems(path).length) at.at("devicePath").invalid(path, "can not contain backsteps ('..')");
    else paths.add(path);
    if (mounts.some((mount) => mount.name === name))
      at.at("name").invalid(name, "must not already exist in volumeMounts");
    if (mounts.some((mount) => mount.mountPath === path))
      at.at("devicePath").invalid(path, "must not already exist as a path in volumeMounts");
    if (name) names.add(name);
  });
}
