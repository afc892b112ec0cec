/** What DaemonSets do with their revisions beyond having them. */

import type { ControllerRevision, DaemonSet } from "@knarr/kinds/generated/apps-v1.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import type { Context } from "@knarr/client/controller.ts";
import { allDone } from "../batches.ts";
import { isOf, removeRevisions, REVISION_LABEL, templateOf, type History } from "../revisions.ts";

/** Its own name, should somebody have taken the hash away. */
export function hashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[REVISION_LABEL] ?? metadata.name!;
}

/** The revisions of other templates. Should the current template have several, its pods become those of one, and the others go. */
export async function withoutTwins(
  { revisions, current }: History,
  owned: readonly Pod[],
  { api }: Context,
): Promise<readonly ControllerRevision[]> {
  const [twins = [], others = []] = [true, false].map((isTwin) =>
    revisions.filter((one) => one !== current && isOf(one, templateOf(current)) === isTwin),
  );
  if (twins.length === 0) return others;
  const hash = hashOf(current);
  const patch = { metadata: { labels: { [REVISION_LABEL]: hash } } };
  const strangers = owned.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL] !== hash);
  await allDone(strangers.map((pod) => api.patch(pods, keyOf(pod), patch)));
  await removeRevisions(twins, api);
  return others;
}

/** Keeps as many old revisions as the history may have, and those that pods are of. */
export async function forgetOld(
  { spec }: DaemonSet,
  { old, owned }: { readonly old: readonly ControllerRevision[]; readonly owned: readonly Pod[] },
  { api }: Context,
): Promise<void> {
  const tooMany = old.length - (spec!.revisionHistoryLimit ?? 10);
  if (tooMany <= 0) return;
  const alive = new Set(owned.map(({ metadata }) => metadata.labels?.[REVISION_LABEL]));
  const dead = old.filter((one) => !alive.has(hashOf(one)));
  await removeRevisions(dead.slice(0, tooMany), api);
}
