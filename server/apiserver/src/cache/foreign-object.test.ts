/** What upstream writes into a store is read as what it means, in every version of every built-in kind. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { horizontalPodAutoscaler } from "@knarr/kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { resources } from "@knarr/kinds/kinds.ts";
import { schemaOf } from "@knarr/kinds/resource.ts";
import { decodeBody } from "@knarr/machinery/decode/decode.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { inStoredVersion } from "./foreign-object.ts";
import { parseItem } from "./item.ts";

const fixtures = new URL("../../../../../shared/data/kubernetes-1.36/fixtures/", import.meta.url).pathname;

test(
  "parseItem reads upstream's protobuf as it reads the same object in JSON",
  { skip: existsSync(fixtures) ? false : `nothing in ${fixtures}` },
  () => {
    let read = 0;
    for (const resource of resources) {
      const path = `${fixtures}${resource.group || "core"}.${resource.version}.${resource.kind}`;
      if (resource.isComputed || !existsSync(`${path}.pb`)) continue;
      const hub = resource.stored?.as ?? resource;
      const { object } = parseItem(hub, "k", readFileSync(`${path}.pb`), 7);
      const decoded = decodeBody(readFileSync(`${path}.json`), { ...resource, schema: schemaOf(resource) });
      resource.defaults?.(decoded.object as never);
      const expected: ApiObject = inStoredVersion(hub, decoded.object as unknown as ApiObject);
      expected.metadata.resourceVersion = "7";
      assert.deepEqual(JSON.parse(JSON.stringify(object)), JSON.parse(JSON.stringify(expected)), path);
      read++;
    }
    assert.ok(read > 80, `only ${read} were found`);
  },
);

test("parseItem reads a version that is not the stored one, and refuses what it does not know", () => {
  const metadata = { name: "a", namespace: "b", uid: "c" };
  const v1 = { kind: "HorizontalPodAutoscaler", apiVersion: "autoscaling/v1", metadata, spec: {} };
  const read = (object: object) =>
    parseItem(horizontalPodAutoscaler, "b/a", Buffer.from(JSON.stringify(object)), 7).object;
  assert.equal(read(v1).apiVersion, "autoscaling/v2");
  assert.throws(() => read({ ...v1, apiVersion: "autoscaling/v9" }), /of autoscaling\/v9 from the store/);
});

test("parseItem reads definitions in the form that upstream stores them in", () => {
  const schema = { openAPIV3Schema: { type: "object" } };
  const column = { name: "Hull", type: "string" };
  const names = { plural: "boats", kind: "Boat" };
  const webhookClientConfig = { url: "https://x" };
  const stored = {
    kind: "CustomResourceDefinition",
    apiVersion: "apiextensions.k8s.io/v1beta1",
    metadata: { name: "boats.x.io", uid: "u" },
    spec: {
      group: "x.io",
      version: "v1",
      names,
      scope: "Namespaced",
      validation: schema,
      subresources: { status: {} },
      additionalPrinterColumns: [{ ...column, JSONPath: ".spec.hull" }],
      versions: [
        { name: "v1", served: true, storage: true },
        { name: "v2", served: true, storage: false },
      ],
      conversion: { strategy: "Webhook", webhookClientConfig, conversionReviewVersions: ["v1"] },
      preserveUnknownFields: false,
    },
  };
  const { object } = parseItem(customResourceDefinition, "k", Buffer.from(JSON.stringify(stored)), 7);
  const rest = {
    served: true,
    subresources: { status: {} },
    additionalPrinterColumns: [{ ...column, jsonPath: ".spec.hull" }],
    schema,
  };
  assert.equal(object.apiVersion, "apiextensions.k8s.io/v1");
  assert.deepEqual(object.spec, {
    group: "x.io",
    names,
    scope: "Namespaced",
    versions: [
      { name: "v1", storage: true, ...rest },
      { name: "v2", storage: false, ...rest },
    ],
    conversion: {
      strategy: "Webhook",
      webhook: { clientConfig: webhookClientConfig, conversionReviewVersions: ["v1"] },
    },
  });
});
