/**
 * The projected volume: secrets, ConfigMaps, downward API fields and service account tokens in one directory, in memory only. Where
 * two sources give the same path the later one wins. Tokens belong to the user all containers run as, if there is one such user,
 * and are readable by nobody else; with an fsGroup, by the group too.
 */

import type { Pod, ServiceAccountTokenProjection, VolumeProjection } from "@knarr/kinds/generated/core-v1.ts";
import type { VolumeFile } from "./atomic-writer.ts";
import { downwardFiles } from "./downward-api.ts";
import { removeTree } from "./mount.ts";
import { configMapFiles, secretFiles } from "./payload.ts";
import { publish } from "./publish.ts";
import { defineVolumePlugin, VolumeNotReady, type VolumeContext } from "./volume.ts";

export const projectedVolume = defineVolumePlugin({
  name: "projected",
  live: true,
  handles: (volume) => volume.projected !== undefined,
  async setUp({ name: volume, projected }, context) {
    const { sources = [], defaultMode = 0o644 } = projected!;
    const files = new Map<string, VolumeFile>();
    const complaints: string[] = [];
    let refreshInMs = Infinity;
    for (const source of sources) {
      try {
        const projection = await filesOfSource(source, defaultMode, context);
        for (const [path, file] of projection.files) files.set(path, file);
        refreshInMs = Math.min(refreshInMs, projection.refreshInMs ?? Infinity);
      } catch (err) {
        complaints.push((err as Error).message);
      }
    }
    if (complaints.length === 1) throw new VolumeNotReady(complaints[0]);
    if (complaints.length) throw new VolumeNotReady(`[${[...new Set(complaints)].join(", ")}]`);
    const mount = await publish(volume, files, context, { medium: "memory" });
    return refreshInMs === Infinity ? mount : { ...mount, refreshInMs };
  },
  tearDown: removeTree,
});

interface Projection {
  readonly files: ReadonlyMap<string, VolumeFile>;
  readonly refreshInMs?: number;
}

async function filesOfSource(
  source: VolumeProjection,
  defaultMode: number,
  context: VolumeContext,
): Promise<Projection> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap)
    return { files: configMapFiles({ ...configMap, name: configMap.name ?? "", defaultMode }, context) };
  if (secret) return { files: secretFiles({ ...secret, name: secret.name ?? "", defaultMode }, context) };
  if (downwardAPI) return { files: downwardFiles(downwardAPI.items ?? [], defaultMode, context) };
  if (serviceAccountToken) return await tokenFile(serviceAccountToken, defaultMode, context);
  const [kind = "of no kind"] = Object.keys(source);
  throw new VolumeNotReady(`projected volume source ${kind} is not supported by this node`);
}

async function tokenFile(
  { path, audience, expirationSeconds = 3600 }: ServiceAccountTokenProjection,
  defaultMode: number,
  context: VolumeContext,
): Promise<Projection> {
  const user = commonUserOf(context.pod);
  const fsGroup = context.pod.spec?.securityContext?.fsGroup;
  const { token, refreshInMs } = await context.serviceAccountToken({
    ...(audience ? { audience } : {}),
    expirationSeconds,
  });
  // With an fsGroup, giving the volume to the group makes 0640 of it.
  const mode = user !== undefined || fsGroup !== undefined ? 0o600 : defaultMode;
  const file: VolumeFile = { data: token, mode, ...(user !== undefined ? { user } : {}) };
  return { files: new Map([[path, file]]), refreshInMs };
}

/** The one user that every container of the pod says it runs as. */
function commonUserOf(pod: Pod): number | undefined {
  const { containers = [], initContainers = [], ephemeralContainers = [], securityContext } = pod.spec ?? {};
  const users = new Set(
    [...initContainers, ...containers, ...ephemeralContainers].map(
      (container) => container.securityContext?.runAsUser ?? securityContext?.runAsUser,
    ),
  );
  return users.size === 1 ? [...users][0] : undefined;
}
