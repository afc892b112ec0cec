/**
 * From keys of a ConfigMap or Secret to files: all of them under their own names, or those of `items` under the paths
 * given there. Used by the volumes of the same name and by projected volumes.
 */

import type { ConfigMap, KeyToPath, Secret } from "@knarr/kinds/generated/core-v1.ts";
import type { VolumeFile } from "./atomic-writer.ts";
import { VolumeNotReady, type VolumeContext } from "./volume.ts";

export interface KeysWanted {
  readonly name: string;
  readonly items?: readonly KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
  readonly defaultMode: number;
}

export function configMapFiles(wanted: KeysWanted, context: VolumeContext): Map<string, VolumeFile> {
  const configMap = context.configMap(`${context.pod.metadata?.namespace}/${wanted.name}`);
  if (!configMap && !wanted.optional) throw new VolumeNotReady(`configmap "${wanted.name}" not found`);
  return filesOf(contentOfConfigMap(configMap), wanted, "configmap references non-existent config key");
}

export function secretFiles(wanted: KeysWanted, context: VolumeContext): Map<string, VolumeFile> {
  const secret = context.secret(`${context.pod.metadata?.namespace}/${wanted.name}`);
  if (!secret && !wanted.optional) throw new VolumeNotReady(`secret "${wanted.name}" not found`);
  return filesOf(contentOfSecret(secret), wanted, "references non-existent secret key");
}

function filesOf(
  content: ReadonlyMap<string, VolumeFile["data"]>,
  { items, optional, defaultMode }: KeysWanted,
  complaint: string,
): Map<string, VolumeFile> {
  const files = new Map<string, VolumeFile>();
  if (!items?.length) {
    for (const [key, data] of content) files.set(key, { data, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode = defaultMode } of items) {
    const data = content.get(key);
    if (data !== undefined) files.set(path, { data, mode });
    else if (!optional) throw new VolumeNotReady(`${complaint}: ${key}`);
  }
  return files;
}

function contentOfConfigMap(configMap: ConfigMap | undefined): Map<string, VolumeFile["data"]> {
  const content = new Map<string, VolumeFile["data"]>(Object.entries(configMap?.data ?? {}));
  for (const [key, data] of Object.entries(configMap?.binaryData ?? {})) {
    if (!content.has(key)) content.set(key, Buffer.from(data, "base64"));
  }
  return content;
}

function contentOfSecret(secret: Secret | undefined): Map<string, VolumeFile["data"]> {
  return new Map(
    Object.entries(secret?.data ?? {}).map(([key, data]) => [key, Buffer.from(data, "base64")] as const),
  );
}
