/**
 * Definitions are deleted in steps: a delete marks one and puts a finalizer on it, its instances are deleted while no new ones can be made, and
 * when the last has gone the finalizer is taken off.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { defineHooks } from "../../registry/hooks.ts";
import { CLEANUP_FINALIZER, type Definition } from "../definition.ts";
import { withCondition, type State } from "./conditions.ts";

const TERMINATING = "Terminating";

export const pending: State = {
  ...{ type: TERMINATING, status: "True", reason: "InstanceDeletionPending" },
  message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
};
export const inProgress: State = {
  ...{ type: TERMINATING, status: "True", reason: "InstanceDeletionInProgress" },
  message: "CustomResource deletion is in progress",
};
export const completed: State = {
  ...{ type: TERMINATING, status: "False", reason: "InstanceDeletionCompleted" },
  message: "removed all instances",
};
export const neverEstablished: State = {
  ...{ type: TERMINATING, status: "False", reason: "NeverEstablished" },
  message: "resource was never established",
};

export function failed(why: string): State {
  return {
    ...{ type: TERMINATING, status: "True", reason: "InstanceDeletionFailed" },
    message: `could not issue all deletes: ${why}`,
  };
}

export const definitionHooks = defineHooks<Definition & ApiObject>({
  deletion: {
    mark(object, now) {
      const { finalizers = [], deletionTimestamp } = object.metadata;
      if (deletionTimestamp) return finalizers.length > 0 ? object : undefined;
      object.metadata.deletionTimestamp = now;
      if (!finalizers.includes(CLEANUP_FINALIZER))
        object.metadata.finalizers = [...finalizers, CLEANUP_FINALIZER];
      return withCondition(object, pending, now) as Definition & ApiObject;
    },
  },
});
