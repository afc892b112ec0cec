/** What expressions about requests may name: one environment for each choice of options, made when first asked for. */

import type { Environment, EnvironmentParts } from "@knarr/cel/environment.ts";
import { DYN, type CelType } from "@knarr/cel/types.ts";
import { kubernetesEnvironment } from "../environment.ts";
import { jsonPatch } from "../libraries/json-patch.ts";
import { AUTHORIZER, RESOURCE_CHECK } from "../libraries/kubernetes-types.ts";
import { patchTypes } from "./patch-types.ts";
import { NAMESPACE, REQUEST, requestTypes } from "./request-types.ts";

export interface Seen {
  readonly hasParams?: boolean;
  readonly hasAuthorizer?: boolean;
  readonly hasPatchTypes?: boolean;
}

export class Environments {
  readonly #more: EnvironmentParts;
  readonly #made = new Map<string, Environment>();

  /** `more`: what all of them have beside. */
  constructor(more: EnvironmentParts = {}) {
    this.#more = more;
  }

  for({ hasParams = false, hasAuthorizer = false, hasPatchTypes = false }: Seen): Environment {
    const key = `${hasParams} ${hasAuthorizer} ${hasPatchTypes}`;
    return this.#made.getOrInsertComputed(key, () => {
      const variables: Record<string, CelType> = {
        object: DYN,
        oldObject: DYN,
        namespaceObject: NAMESPACE,
        request: REQUEST,
        ...(hasParams && { params: DYN }),
        ...(hasAuthorizer && { authorizer: AUTHORIZER, "authorizer.requestResource": RESOURCE_CHECK }),
      };
      const environment = kubernetesEnvironment.extend({ variables, types: requestTypes }).extend(this.#more);
      return hasPatchTypes
        ? environment.extend({ types: patchTypes, libraries: PATCH_LIBRARIES })
        : environment;
    });
  }
}

// One array: environments with the same libraries share what is made of them.
const PATCH_LIBRARIES = [jsonPatch];
