/** Types of `request` and `namespaceObject`. What they leave out cannot be named. */

import { BOOL, DYN, INT, listOf, mapOf, STRING, struct, TIMESTAMP, type CelType } from "@knarr/cel/types.ts";
import { StructTypes } from "../struct-types.ts";

export const REQUEST = struct("kubernetes.AdmissionRequest");
export const NAMESPACE = struct("kubernetes.Namespace");

const KIND = struct("kubernetes.GroupVersionKind");
const RESOURCE = struct("kubernetes.GroupVersionResource");
const TEXTS = listOf(STRING);
const TEXT_BY_NAME = mapOf(STRING, STRING);

const texts = (...names: string[]): Record<string, CelType> =>
  Object.fromEntries(names.map((name) => [name, STRING]));

export const requestTypes = new StructTypes({
  [KIND.name]: texts("group", "version", "kind"),
  [RESOURCE.name]: texts("group", "version", "resource"),
  "kubernetes.UserInfo": { ...texts("username", "uid"), groups: TEXTS, extra: mapOf(STRING, TEXTS) },
  [REQUEST.name]: {
    ...texts("subResource", "requestSubResource", "name", "namespace", "operation"),
    kind: KIND,
    resource: RESOURCE,
    requestKind: KIND,
    requestResource: RESOURCE,
    userInfo: struct("kubernetes.UserInfo"),
    dryRun: BOOL,
    options: DYN,
  },
  [NAMESPACE.name]: {
    metadata: struct("kubernetes.NamespaceMetadata"),
    spec: struct("kubernetes.NamespaceSpec"),
    status: struct("kubernetes.NamespaceStatus"),
  },
  "kubernetes.NamespaceMetadata": {
    ...texts("name", "generateName", "namespace", "UID", "resourceVersion"),
    labels: TEXT_BY_NAME,
    annotations: TEXT_BY_NAME,
    creationTimestamp: TIMESTAMP,
    deletionTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    generation: INT,
    finalizers: TEXTS,
  },
  "kubernetes.NamespaceSpec": { finalizers: TEXTS },
  "kubernetes.NamespaceStatus": {
    conditions: listOf(struct("kubernetes.NamespaceCondition")),
    phase: STRING,
  },
  "kubernetes.NamespaceCondition": {
    ...texts("status", "type", "message", "reason"),
    lastTransitionTime: TIMESTAMP,
  },
});
