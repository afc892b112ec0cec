/** The kinds of the core group, v1. */

import { defineGroup } from "../group.ts";
import { namespace } from "./namespace.ts";
import { node } from "./node.ts";
import { pod } from "./pod.ts";
import { podTemplate } from "./pod-template.ts";
import { replicationController } from "./replication-controller.ts";
import { service } from "./service.ts";
import { endpoints } from "./endpoints.ts";
import { configMap } from "./config-map.ts";
import { secret } from "./secret.ts";
import { serviceAccount } from "./service-account.ts";
import { event } from "./event.ts";
import { componentStatus } from "./component-status.ts";
import { persistentVolume } from "./persistent-volume.ts";
import { persistentVolumeClaim } from "./persistent-volume-claim.ts";
import { limitRange } from "./limit-range.ts";
import { resourceQuota } from "./resource-quota.ts";
import { binding } from "./binding.ts";

export const core = defineGroup({
  group: "",
  version: "v1",
  resources: [
    namespace,
    node,
    pod,
    podTemplate,
    replicationController,
    service,
    endpoints,
    configMap,
    secret,
    serviceAccount,
    event,
    componentStatus,
    persistentVolume,
    persistentVolumeClaim,
    limitRange,
    resourceQuota,
    binding,
  ],
});
