/**
 * The history of a workload's pod template, kept as ControllerRevisions that it owns and `kubectl rollout` shows.
 *
 * A revision holds the patch that brings its template back. The one of the template as it is now has the highest number: going
 * back to an old template gives its revision the next number instead of making another.
 */

import { controllerRevision } from "@knarr/kinds/apps/controller-revision.ts";
import type { ControllerRevision } from "@knarr/kinds/generated/apps-v1.ts";
import type { RawExtension } from "@knarr/kinds/generated/meta.ts";
import type { PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import { defaultPodTemplate } from "@knarr/kinds/shared/pod/defaults.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { LabelSelector } from "@knarr/machinery/labels.ts";
import { controllerOf, keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { sortedKeys } from "@knarr/machinery/quote.ts";
import { ApiError, isNotFound } from "@knarr/machinery/status.ts";
import type { Api } from "@knarr/client/api.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import type { Context } from "@knarr/client/controller.ts";
import { allDone } from "./batches.ts";
import { claim, controlledBy } from "./owners.ts";
import { shortName, templateTexts } from "./template-text.ts";

/** On pods: which revision they are of. */
export const REVISION_LABEL = "controller-revision-hash";

/** All that reconciling them asks for. */
export const revisionWrites = { "controllerrevisions.apps": ["create", "delete", "patch"] } as const;

export const orphanRevisions = defineIndex<ControllerRevision>({
  name: "revisions without a controller by namespace",
  of: controllerRevision,
  values: (object) => (controllerOf(object) ? [] : [object.metadata.namespace]),
});

/** Whose history it is. */
export interface Revised<T extends ApiObject> {
  readonly owner: T;
  readonly resource: Resource<T>;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  /** How often names were found taken. */
  readonly collisionCount: number | undefined;
  /** Where a revision says its own hash. */
  readonly hashLabel: string;
}

export interface History {
  /** Oldest first, the current one last. */
  readonly revisions: readonly ControllerRevision[];
  /** That of the template as it is. */
  readonly current: ControllerRevision;
  readonly collisionCount: number | undefined;
}

/** Brings the history up to date: takes up revisions without an owner, and makes or renumbers that of the template. */
export async function revise<T extends ApiObject>(revised: Revised<T>, context: Context): Promise<History> {
  const { owner, resource, selector, template, collisionCount } = revised;
  const { api, cache } = context;
  const candidates = [
    ...cache.ownedBy(owner, controllerRevision),
    ...cache.by(orphanRevisions, owner.metadata.namespace!),
  ];
  const claimed = await claim({
    api,
    owner,
    ownerResource: resource,
    resource: controllerRevision,
    selector,
    candidates,
  });
  const known = claimed.toSorted(oldestFirst);
  const same = known.findLast((one) => isOf(one, template));
  const others = known.filter((one) => one !== same);
  const next = (others.at(-1)?.revision ?? 0) + 1;
  if (!same) {
    const made = await make(revised, next, api);
    return { revisions: [...others, made.current], ...made };
  }
  const current =
    same.revision >= next
      ? same
      : await api.patch(controllerRevision, keyOf(same), { revision: next }, { type: "merge" });
  return { revisions: [...others, current], current, collisionCount };
}

async function make<T extends ApiObject>(
  revised: Revised<T>,
  revision: number,
  api: Api,
): Promise<Pick<History, "current" | "collisionCount">> {
  let { collisionCount } = revised;
  for (;;) {
    const wanted = newRevision({ ...revised, collisionCount }, revision);
    try {
      return { current: await api.create(controllerRevision, wanted), collisionCount };
    } catch (err) {
      if (!(err instanceof ApiError) || err.reason !== "AlreadyExists") throw err;
    }
    const other = await api.get(controllerRevision, keyOf(wanted));
    const isOurs = controllerOf(other)?.uid === revised.owner.metadata.uid;
    if (isOurs && isOf(other, revised.template)) return { current: other, collisionCount };
    collisionCount = (collisionCount ?? 0) + 1;
  }
}

/** The longest start of a name that leaves room for the hash. */
const LONGEST_PREFIX = 223;

function newRevision<T extends ApiObject>(
  { owner, resource, template, collisionCount, hashLabel }: Revised<T>,
  revision: number,
): ControllerRevision {
  const { name, namespace, annotations } = owner.metadata;
  const hash = shortName(textOf(template), collisionCount);
  return {
    metadata: {
      name: `${name!.slice(0, LONGEST_PREFIX)}-${hash}`,
      namespace: namespace!,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations && { annotations }),
      ownerReferences: [controlledBy(resource, owner)],
    },
    // In this order of keys others compare it byte by byte.
    data: sortedKeys({ spec: { template: { ...template, $patch: "replace" } } }) as RawExtension,
    revision,
  };
}

const textOf = templateTexts();

export function isOf(revision: ControllerRevision, template: PodTemplateSpec): boolean {
  return textOf(templateOf(revision)) === textOf(template);
}

const templates = new WeakMap<object, PodTemplateSpec>();

/** The template that the revision brings back, as it would be now: there may be more defaults than when it was kept. */
export function templateOf({ data = {} }: ControllerRevision): PodTemplateSpec {
  let template = templates.get(data);
  if (!template) {
    const { $patch: _patch, ...rest } = (data as { spec?: { template?: any } }).spec?.template ?? {};
    template = structuredClone(rest) as PodTemplateSpec;
    defaultPodTemplate(template);
    templates.set(data, template);
  }
  return template;
}

function oldestFirst(a: ControllerRevision, b: ControllerRevision): number {
  const [one, other] = [a.metadata, b.metadata];
  return (
    a.revision - b.revision ||
    Date.parse(one.creationTimestamp!) - Date.parse(other.creationTimestamp!) ||
    (one.name! < other.name! ? -1 : 1)
  );
}

export async function removeRevisions(revisions: readonly ControllerRevision[], api: Api): Promise<void> {
  const remove = (one: ControllerRevision) =>
    api.delete(controllerRevision, keyOf(one), { uid: one.metadata.uid! }).catch((err: unknown) => {
      if (!isNotFound(err)) throw err;
    });
  await allDone(revisions.map(remove));
}
