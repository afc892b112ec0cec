/**
 * What the fields mean that all objects have, in our words, for `kubectl explain`, where upstream's are not there. They begin as upstream's do:
 * there are clients that look for that.
 */

import type { DefinitionWords } from "./words.ts";

const objectMeta: Readonly<Record<string, string>> = {
  name: "Name is what the object is called. It is unique among the objects of its kind in its namespace, and never changes.",
  generateName:
    "GenerateName is what the name begins with that the server makes up for an object that has none.",
  namespace: "Namespace is where the object lives; kinds that belong to the whole cluster have none.",
  selfLink: "SelfLink is not set any more.",
  uid: "UID tells this object from all others, also from those that had its name before.",
  resourceVersion:
    "ResourceVersion is the state that this is. It changes with every write; a write that names one is refused when it is not the last.",
  generation:
    "Generation counts the changes of what is wanted of the object. Its status says which of them it is about.",
  creationTimestamp: "CreationTimestamp is a timestamp: when the server made the object.",
  deletionTimestamp:
    "DeletionTimestamp is when the object is due to go, since somebody asked for that. It goes once its finalizers have gone.",
  deletionGracePeriodSeconds: "DeletionGracePeriodSeconds is how long the object has to end in good order.",
  labels: "Labels are short values to select objects by.",
  annotations: "Annotations are values of any length that tools and people keep with the object.",
  ownerReferences:
    "OwnerReferences are the objects that this one belongs to. When the last of them has gone, so does this one.",
  finalizers:
    "Finalizers are who has something to do yet before a deleted object may go. Each takes out its own.",
  managedFields: "ManagedFields is who set which fields, as server-side apply needs to know.",
};

/** Of every object and list. The package that has upstream's words has none of these. */
export const typeWords: Readonly<Record<string, string>> = {
  apiVersion:
    "APIVersion is the group and version of the API in which the object is written, such as apps/v1.",
  kind: "Kind is what the object is. It cannot change, and must fit the address that the object is sent to.",
};

/** By the names of definitions. */
export const ownWords: Readonly<Record<string, DefinitionWords>> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": { fields: objectMeta },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    description:
      "Quantity is a number with a unit: 250m is a quarter, 1.5G and 64Mi are bytes, in powers of 1000 and of 1024.",
    fields: {},
  },
};
