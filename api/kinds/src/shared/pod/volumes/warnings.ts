/** Volumes whose drivers are gone, amounts that are no whole bytes, and files that cover one another. */

import type { PersistentVolumeClaimSpec, Volume, VolumeProjection } from "../../../../generated/core-v1.ts";
import { canonical, isWhole } from "../../amounts.ts";

type Warn = (text: string) => void;

/** In upstream's order; `shown` where the path names the field otherwise. */
const gone: readonly { readonly field: keyof Volume; readonly shown?: string; readonly says: string }[] = [
  { field: "photonPersistentDisk", says: "deprecated in v1.11, non-functional in v1.16+" },
  { field: "gitRepo", says: "deprecated in v1.11, and disabled by default in v1.33+" },
  { field: "scaleIO", says: "deprecated in v1.16, non-functional in v1.22+" },
  { field: "flocker", says: "deprecated in v1.22, non-functional in v1.25+" },
  { field: "storageos", shown: "storageOS", says: "deprecated in v1.22, non-functional in v1.25+" },
  { field: "quobyte", says: "deprecated in v1.22, non-functional in v1.25+" },
  { field: "glusterfs", says: "deprecated in v1.25, non-functional in v1.26+" },
  { field: "cephfs", says: "deprecated in v1.28, non-functional in v1.31+" },
  { field: "rbd", says: "deprecated in v1.28, non-functional in v1.31+" },
];

export function volumeWarnings(volumes: readonly Volume[], path: string, warn: Warn): void {
  volumes.forEach((volume, i) => {
    for (const { field, shown, says } of gone)
      if (volume[field] != null) warn(`${path}[${i}].${shown ?? field}: ${says}`);
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    claimWarnings(claim, `${path}[${i}].ephemeral.volumeClaimTemplate.spec`, warn);
  });
  for (const volume of volumes) overlapWarnings(volume, warn);
}

/** Storage comes in whole bytes. */
export function claimWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string, warn: Warn): void {
  for (const list of ["requests", "limits"] as const) {
    const storage = spec?.resources?.[list]?.storage;
    if (storage !== undefined && !isWhole(storage))
      warn(
        `${path}.resources.${list}[storage]: fractional byte value ${JSON.stringify(canonical(storage))} is invalid, must be an integer`,
      );
  }
}

interface File {
  readonly path: string;
  /** Named only where a volume has several. */
  readonly source: string;
}

function overlapWarnings({ name, configMap, secret, downwardAPI, projected }: Volume, warn: Warn): void {
  const check = (what: string, items: readonly { path?: string }[] = []): void =>
    overlaps([items.map(({ path = "" }) => ({ path, source: "" }))], (text) =>
      warn(`volume ${JSON.stringify(name)} (${what}): overlapping paths: ${text}`),
    );
  if (configMap) check(`ConfigMap ${JSON.stringify(configMap.name ?? "")}`, configMap.items);
  if (secret) check(`Secret ${JSON.stringify(secret.secretName ?? "")}`, secret.items);
  if (downwardAPI) check("DownwardAPI", downwardAPI.items);
  if (!projected) return;
  const sources = projected.sources ?? [];
  const files = sources.map((source) => {
    if (!Object.values(source).some((value) => value != null))
      warn(`volume ${JSON.stringify(name)} (Projected) has no sources provided`);
    return filesOf(source);
  });
  overlaps(files, (text) => warn(`volume ${JSON.stringify(name)} (Projected): overlapping paths: ${text}`));
}

function filesOf({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): readonly File[] {
  const from = (source: string, items: readonly { path?: string }[]): readonly File[] =>
    items.map(({ path = "" }) => ({ path, source }));
  if (configMap?.items) return from(`ConfigMap ${JSON.stringify(configMap.name ?? "")}`, configMap.items);
  if (secret?.items) return from(`Secret ${JSON.stringify(secret.name ?? "")}`, secret.items);
  if (downwardAPI?.items) return from("DownwardAPI", downwardAPI.items);
  return serviceAccountToken ? from("ServiceAccountToken", [serviceAccountToken]) : [];
}

/** Same path, or one a directory of the other. */
function overlaps(groups: readonly (readonly File[])[], tell: (text: string) => void): void {
  const before: File[] = [];
  for (const file of groups.flat()) {
    const plain = { ...file, path: file.path.replace(/\/+$/, "") };
    for (const other of before)
      if (covers(plain.path, other.path)) tell(`${show(plain)} with ${show(other)}`);
    before.push(plain);
  }
}

function covers(a: string, b: string): boolean {
  return a !== "" && b !== "" && (`${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`));
}

function show({ path, source }: File): string {
  return source ? `${JSON.stringify(path)} (${source})` : JSON.stringify(path);
}
