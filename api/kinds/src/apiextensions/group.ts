/** The kinds of apiextensions.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { customResourceDefinition } from "./custom-resource-definition.ts";

export const apiextensions = defineGroup({
  group: "apiextensions.k8s.io",
  version: "v1",
  resources: [customResourceDefinition],
});
