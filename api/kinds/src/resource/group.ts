/** The kinds of resource.k8s.io: v1, and the versions that are served when asked for. */

import { defineGroup } from "../group.ts";
import { deviceClass, deviceClassV1beta1, deviceClassV1beta2 } from "./device-class.ts";
import { deviceTaintRule, deviceTaintRuleV1beta2 } from "./device-taint-rule.ts";
import { resourceClaim, resourceClaimV1beta1, resourceClaimV1beta2 } from "./resource-claim.ts";
import {
  resourceClaimTemplate,
  resourceClaimTemplateV1beta1,
  resourceClaimTemplateV1beta2,
} from "./resource-claim-template.ts";
import { resourcePoolStatusRequest } from "./resource-pool-status-request.ts";
import { resourceSlice, resourceSliceV1beta1, resourceSliceV1beta2 } from "./resource-slice.ts";

export const resource = defineGroup({
  group: "resource.k8s.io",
  version: "v1",
  resources: [deviceClass, resourceClaim, resourceClaimTemplate, resourceSlice],
});

export const resourceV1beta2 = defineGroup({
  group: "resource.k8s.io",
  version: "v1beta2",
  isOffByDefault: true,
  resources: [
    deviceClassV1beta2,
    resourceClaimV1beta2,
    resourceClaimTemplateV1beta2,
    resourceSliceV1beta2,
    deviceTaintRuleV1beta2,
  ],
});

export const resourceV1beta1 = defineGroup({
  group: "resource.k8s.io",
  version: "v1beta1",
  isOffByDefault: true,
  resources: [deviceClassV1beta1, resourceClaimV1beta1, resourceClaimTemplateV1beta1, resourceSliceV1beta1],
});

export const resourceV1alpha3 = defineGroup({
  group: "resource.k8s.io",
  version: "v1alpha3",
  isOffByDefault: true,
  resources: [deviceTaintRule, resourcePoolStatusRequest],
});
