/** The ReplicaSet of a Deployment's current template: as it is made, and as it is kept. */

import { deployment as deployments } from "@knarr/kinds/apps/deployment.ts";
import type { Deployment, ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import { controlledBy } from "../owners.ts";
import { currentAnnotations, replicaAnnotations } from "./revision.ts";
import { limitsOf, replicasOf } from "./rollout.ts";
import { HASH_LABEL, templateHash } from "./template.ts";

/** The longest name a DNS subdomain may have. */
const MAX_NAME = 253;

/** A new ReplicaSet. Its name follows from the template, so that making it twice makes one. */
export function newSet(deployment: Deployment, revision: bigint, replicas: number): ReplicaSet {
  const { metadata, spec } = deployment;
  const template = spec!.template!;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  const wanted = replicasOf(deployment);
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: setName(metadata.name!, hash),
      namespace: metadata.namespace!,
      labels,
      annotations: {
        ...currentAnnotations(deployment, undefined, revision),
        ...replicaAnnotations(wanted, wanted + limitsOf(deployment).surge),
      },
      ownerReferences: [controlledBy(deployments, deployment)],
    },
    spec: {
      replicas,
      ...(spec!.minReadySeconds && { minReadySeconds: spec!.minReadySeconds }),
      selector: {
        ...spec!.selector,
        matchLabels: { ...spec!.selector.matchLabels, [HASH_LABEL]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** `set` with the annotations, revision and minReadySeconds that the Deployment wants it to have now. */
export function currentSet(deployment: Deployment, set: ReplicaSet, revision: bigint): ReplicaSet {
  const annotations = { ...currentAnnotations(deployment, set.metadata.annotations, revision) };
  const { minReadySeconds: _before, ...spec } = set.spec!;
  const { minReadySeconds } = deployment.spec!;
  return {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...spec, ...(minReadySeconds && { minReadySeconds }) },
  };
}

function setName(deployment: string, hash: string): string {
  return `${deployment.slice(0, MAX_NAME - 1 - hash.length)}-${hash}`;
}
