/**
 * Every kind's fixture, in which every field has a value, through the whole server: in JSON, YAML and protobuf. The values are made up, so
 * the kinds' own rules are off here, and so are plugins that look at the rest of the cluster: what is proved is that no field is lost on any
 * way. (That rules hold is proved by recorded answers.)
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { dump, load } from "js-yaml";
import { groups } from "@knarr/kinds/kinds.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { withLittleMetadata } from "./protobuf-metadata.ts";
import { json, Walker, type Body } from "./walk.ts";

const fixtures = new URL("../../../shared/data/kubernetes-1.36/fixtures/", import.meta.url).pathname;
const skip = existsSync(fixtures) ? false : `nothing in ${fixtures}`;
let walker: Walker;

/** Why a kind's fixture is not walked here; every kind's sample is (`samples.test.ts`). */
const excused: Readonly<Record<string, string>> = {
  APIService: "upstream has no fixture of it",
  CustomResourceDefinition: "upstream has no fixture of it",
  Service: "its addresses are given out, and made-up ones are refused",
};
/** What the server itself says of an object as soon as it is there. */
const isSettled = ({ kind, status }: any): boolean =>
  kind !== "FlowSchema" || status?.conditions?.some(({ type }: any) => type === "Dangling");

/** They ask after objects that made-up names do not lead to. */
const LOOKING_AROUND = [
  ...["NamespaceLifecycle", "LimitRanger", "ServiceAccount", "Priority", "RuntimeClass", "ResourceQuota"],
  ...[
    "PersistentVolumeClaimResize",
    "DefaultStorageClass",
    "DefaultIngressClass",
    "CertificateSubjectRestriction",
  ],
];

const kinds = groups
  .flatMap(({ resources }) => resources)
  .filter(({ verbs }) => !verbs || verbs.includes("delete"));

/** What a kind asks of values is not asked here. */
function withoutRules(resource: Resource<any>): void {
  Object.assign(resource, {
    name: () => [],
    validate: undefined,
    validateUpdate: undefined,
    warnings: undefined,
  });
}

before(async () => {
  if (skip) return;
  kinds.forEach(withoutRules);
  walker = await Walker.start({
    runtimeConfig: { "api/all": true },
    disableAdmissionPlugins: LOOKING_AROUND,
  });
  const labels = { "resource.kubernetes.io/admin-access": "true" };
  const metadata = { name: "namespacevalue", labels };
  await walker.must("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
});

after(async () => {
  await walker?.[Symbol.asyncDispose]();
});

for (const resource of kinds) {
  const { group, version, kind, plural, scope } = resource;
  const file = `${fixtures}${group || "core"}.${version}.${kind}`;
  if (excused[kind]) continue;
  test(`${group || "core"}/${version} ${kind} loses nothing of its fixture`, { skip }, async () => {
    const isNamespaced = scope === "Namespaced";
    const place = isNamespaced ? "/namespaces/namespacevalue" : "";
    const collection = `${group ? `/apis/${group}/${version}` : `/api/${version}`}${place}/${plural}`;
    const object = JSON.parse(readFileSync(`${file}.json`, "utf8"));
    const { labels, annotations } = object.metadata;
    object.metadata = {
      name: "namevalue",
      ...(isNamespaced && { namespace: "namespacevalue" }),
      labels,
      annotations,
    };
    const yaml = { ...(load(readFileSync(`${file}.yaml`, "utf8")) as object), metadata: object.metadata };
    const bodies: Body[] = [
      json(object),
      { type: "application/yaml", bytes: Buffer.from(dump(yaml)) },
      { type: "application/vnd.kubernetes.protobuf", bytes: withLittleMetadata(readFileSync(`${file}.pb`)) },
    ];
    const made = await walker.walk(collection, bodies, isSettled);
    assert.equal(made.kind, kind);
  });
}
