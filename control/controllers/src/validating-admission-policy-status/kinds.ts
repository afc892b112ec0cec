/** Which kinds a policy is for, with their schemas: those that its rules name outright, not more than ten of one rule. */

import { ruleSchemaOf, type CheckedKind, type RuleSchema } from "@knarr/expressions/type-check.ts";
import type { CustomResourceDefinition } from "@knarr/kinds/generated/apiextensions-v1.ts";
import type {
  NamedRuleWithOperations,
  ParamKind,
  ValidatingAdmissionPolicySpec,
} from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { groups } from "@knarr/kinds/kinds.ts";
import { schemaOf, type Resource } from "@knarr/kinds/resource.ts";
import { parseGroupVersion } from "@knarr/machinery/object.ts";
import { definition } from "@knarr/schema/definitions.ts";

const MOST = 10;

/** Where definitions of custom kinds are looked up. */
export interface Definitions {
  named(plural: string, group: string): Promise<CustomResourceDefinition | undefined>;
  ofKind(kind: string, group: string): Promise<CustomResourceDefinition | undefined>;
}

interface Named {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** In the order of group, version and kind. */
export async function checkedKinds(
  { matchConstraints }: ValidatingAdmissionPolicySpec,
  definitions: Definitions,
): Promise<readonly CheckedKind[]> {
  const found = new Map<string, CheckedKind>();
  for (const rule of matchConstraints?.resourceRules ?? []) {
    let count = 0;
    for (const named of namedIn(rule)) {
      const kind = await kindOf(named, definitions);
      if (!kind) continue;
      found.set([kind.group, kind.version, kind.kind].join("\0"), kind);
      if (++count === MOST) return inOrder(found);
    }
  }
  return inOrder(found);
}

function inOrder(found: ReadonlyMap<string, CheckedKind>): readonly CheckedKind[] {
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

/** A star names nothing. */
function namedIn({
  apiGroups = [],
  apiVersions = [],
  resources = [],
}: NamedRuleWithOperations): readonly Named[] {
  if ([...apiGroups, ...apiVersions].some((name) => name.includes("*"))) return [];
  const plurals = resources.filter((name) => !/[*/]/.test(name)).toSorted();
  return apiGroups
    .toSorted()
    .flatMap((group) =>
      apiVersions.toSorted().flatMap((version) => plurals.map((plural) => ({ group, version, plural }))),
    );
}

async function kindOf(
  { group, version, plural }: Named,
  definitions: Definitions,
): Promise<CheckedKind | undefined> {
  const builtIn = resources().find(
    (one) => one.group === group && one.version === version && one.plural === plural,
  );
  if (builtIn) return { group, version, kind: builtIn.kind, schema: ruleSchemaOf(schemaOf(builtIn)) };
  const custom = group === "" ? undefined : await definitions.named(plural, group);
  return custom && customKind(custom, version);
}

function customKind({ spec }: CustomResourceDefinition, version: string): CheckedKind | undefined {
  const served = spec.versions.find(({ name, served: isServed }) => name === version && isServed);
  if (!served) return undefined;
  const schema = (served.schema?.openAPIV3Schema ?? {}) as RuleSchema;
  const metadata = ruleSchemaOf(definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
  const text: RuleSchema = { type: "string" };
  const properties = { ...schema.properties, apiVersion: text, kind: text, metadata };
  return { group: spec.group, version, kind: spec.names.kind, schema: { ...schema, properties } };
}

/** Of `params`. */
export async function paramsKind(
  paramKind: ParamKind | undefined,
  definitions: Definitions,
): Promise<CheckedKind | "unknown" | undefined> {
  if (!paramKind) return undefined;
  const { apiVersion = "", kind = "" } = paramKind;
  const { group, version } = parseGroupVersion(apiVersion);
  const builtIn = resources().find(
    (one) => one.group === group && one.version === version && one.kind === kind,
  );
  if (builtIn) return { group, version, kind, schema: ruleSchemaOf(schemaOf(builtIn)) };
  const custom = group === "" ? undefined : await definitions.ofKind(kind, group);
  return (custom && customKind(custom, version)) ?? "unknown";
}

const resources = (): readonly Resource<any>[] => groups.flatMap((group) => group.resources);
