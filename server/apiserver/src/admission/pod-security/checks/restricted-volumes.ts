/** Volumes of restricted pods hold what the API or a driver puts there, nothing of the host's or of a storage system the pod names. */

import type { Volume } from "@knarr/kinds/generated/core-v1.ts";
import { counted, plural, quoted, sorted, type Check } from "../check.ts";

const allowed = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
] as const;

const restricted = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "gitRepo",
  "nfs",
  "iscsi",
  "glusterfs",
  "rbd",
  "flexVolume",
  "cinder",
  "cephfs",
  "flocker",
  "fc",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "photonPersistentDisk",
  "portworxVolume",
  "scaleIO",
  "storageos",
] as const;

export const restrictedVolumes: Check = {
  id: "restrictedVolumes",
  level: "restricted",
  versions: [
    {
      since: 0,
      instead: ["hostPathVolumes"],
      find({ spec }) {
        const bad = (spec.volumes ?? []).filter((volume) => !allowed.some((type) => volume[type]));
        if (bad.length === 0) return undefined;
        const types = sorted(bad.map(typeOf));
        const use = bad.length === 1 ? "uses" : "use";
        return {
          reason: "restricted volume types",
          detail: `${counted(
            "volume",
            bad.map(({ name }) => name),
          )} ${use} ${plural("restricted volume type", types)} ${quoted(types)}`,
        };
      },
    },
  ],
};

function typeOf(volume: Volume): string {
  return restricted.find((type) => volume[type]) ?? "unknown";
}
