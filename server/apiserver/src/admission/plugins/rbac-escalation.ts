/** Nobody grants what they do not have. Upstream checks it in the storage of the RBAC kinds; here it stands behind all that may change the object. */

import type { Access } from "../../access.ts";
import { checkEscalation } from "../../authz/escalation.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { AdmissionPlugin } from "../plugin.ts";

const GROUP = "rbac.authorization.k8s.io";
const MASTERS = "system:masters";

export function rbacEscalation({ rbac, authorization }: Access): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    isAlwaysOn: true,
    handles: ["CREATE", "UPDATE"],

    concerns: ({ resource, user }) => resource.group === GROUP && !user.groups.includes(MASTERS),

    async mutate(object, { user, resource, namespace, name, operation, previous }) {
      if (previous && grantsTheSame(object, previous)) return;
      await checkEscalation(
        {
          user,
          resource: resource.plural,
          namespace,
          name: operation === "CREATE" ? "" : name,
          object,
          previous,
        },
        { rbac, authorizer: authorization },
      );
    },
  };
}

/** Only metadata changes: the garbage collector and aggregation must be able to do their work. */
function grantsTheSame(object: ApiObject, previous: ApiObject): boolean {
  const granting = ({ metadata: _, ...rest }: ApiObject): object => rest;
  return equalJson(granting(object), granting(previous));
}
