/** The kinds of apiregistration.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { apiService } from "./api-service.ts";

export const apiregistration = defineGroup({
  group: "apiregistration.k8s.io",
  version: "v1",
  resources: [apiService],
});
