/** Files and devices of the node itself. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { HostPathVolumeSource } from "../../../../generated/core-v1.ts";
import { reject } from "../../values.ts";
import { backstepProblems } from "./paths.ts";

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function validateHostPath({ path, type }: HostPathVolumeSource, errors: FieldErrors): void {
  if (!path) {
    errors.at("path").required();
    return;
  }
  reject(errors.at("path"), path, backstepProblems(path));
  if (type != null && !hostPathTypes.includes(type)) errors.at("type").notSupported(type, hostPathTypes);
}
