/**
 * Who may claim devices how. Admin access takes a namespace that is marked for it; what a scheduler writes into a claim's status and what
 * a driver writes take a right each, of subresources that exist for this alone.
 */

import { namespace as namespaces } from "@knarr/kinds/core/namespace.ts";
import type {
  AllocatedDeviceStatus,
  ResourceClaim,
  ResourceClaimStatus,
  ResourceClaimTemplate,
} from "@knarr/kinds/generated/resource-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { World } from "../admission/plugin.ts";
import { isOnNode } from "../authn/account.ts";
import { forbiddenError } from "../authz/forbidden.ts";
import type { Attributes, Authorizer } from "../request.ts";
import type { RegistryHooks } from "./hooks.ts";

const ADMIN_LABEL = "resource.kubernetes.io/admin-access";

export interface ClaimRights {
  readonly world: World;
  readonly authorizer: Authorizer;
}

export function deviceClaimHooks(rights: ClaimRights): RegistryHooks<ResourceClaim> {
  return {
    async validate({ metadata, spec, status = {} }, previous, { errors, request }) {
      const { namespace } = metadata;
      if (!previous) return checkAdmin(spec.devices?.requests, errors, isMarked(rights.world, namespace));
      if (request.subresource !== "status") return;
      const before = previous.status ?? {};
      checkAdminResults(status, before, { errors, isAllowed: isMarked(rights.world, namespace) });
      const change: StatusChange = { status, before, request };
      await checkBinding(rights.authorizer, change, errors.at("status").at("allocation"));
      if (status.allocation) await checkDrivers(rights.authorizer, change, errors.at("status").at("devices"));
    },
  };
}

export function deviceClaimTemplateHooks({ world }: ClaimRights): RegistryHooks<ResourceClaimTemplate> {
  return {
    validate({ metadata, spec }, previous, { errors }) {
      if (!previous) checkAdmin(spec.spec?.devices?.requests, errors, isMarked(world, metadata.namespace));
    },
  };
}

const isMarked =
  (world: World, namespace = "") =>
  (): boolean =>
    world.get(namespaces, namespace)?.metadata.labels?.[ADMIN_LABEL] === "true";

/** A request as any version has it: v1beta1 knows no `exactly`. */
interface AnyRequest {
  readonly exactly?: { readonly adminAccess?: boolean };
  readonly adminAccess?: boolean;
}

function checkAdmin(
  requests: readonly AnyRequest[] | undefined,
  errors: FieldErrors,
  isAllowed: () => boolean,
): void {
  const i = (requests ?? []).findIndex(({ exactly, adminAccess }) =>
    exactly ? exactly.adminAccess : adminAccess,
  );
  if (i >= 0 && !isAllowed())
    forbidAdmin(errors.at("spec").at("devices").at("requests").at(i).at("adminAccess"));
}

function checkAdminResults(
  status: ResourceClaimStatus,
  before: ResourceClaimStatus,
  { errors, isAllowed }: { readonly errors: FieldErrors; isAllowed(): boolean },
): void {
  const indexIn = ({ allocation }: ResourceClaimStatus): number =>
    (allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess);
  const i = indexIn(status);
  if (indexIn(before) < 0 && i >= 0 && !isAllowed())
    forbidAdmin(errors.at("status").at("allocation").at("devices").at("results").at(i).at("adminAccess"));
}

function forbidAdmin(errors: FieldErrors): void {
  errors.forbidden(
    `admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`,
  );
}

interface StatusChange {
  readonly status: ResourceClaimStatus;
  readonly before: ResourceClaimStatus;
  readonly request: Attributes;
}

async function checkBinding(
  authorizer: Authorizer,
  { status, before, request }: StatusChange,
  errors: FieldErrors,
): Promise<void> {
  const isSame =
    semanticEqual(status.allocation, before.allocation) &&
    semanticEqual(status.reservedFor, before.reservedFor);
  if (isSame) return;
  const refusal = await refusalOf(authorizer, {
    ...asked(request),
    subresource: "binding",
    namespace: "",
    name: "",
  });
  if (refusal)
    errors.forbidden(
      `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${request.verb}" permission: ${refusal}`,
    );
}

/** Drivers on the claim's own node need less. */
async function checkDrivers(
  authorizer: Authorizer,
  { status, before, request }: StatusChange,
  errors: FieldErrors,
): Promise<void> {
  const node = nodeOf(status);
  const isLocal = node !== undefined && isOnNode(request.user, node);
  const verbs = ["associated-node", "arbitrary-node"]
    .slice(isLocal ? 0 : 1)
    .map((prefix) => `${prefix}:${request.verb}`);
  for (const name of changedDrivers(status, before)) {
    const refusal = await refusalOf(
      authorizer,
      ...verbs.map((verb) => ({ ...asked(request), verb, subresource: "driver", name })),
    );
    if (refusal)
      errors.forbidden(
        `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(" ")}]" permission: ${refusal}`,
      );
  }
}

function asked({ user, verb, isResource, group, version, resource, namespace, path }: Attributes) {
  return { user, verb, isResource, group, version, resource, namespace, path };
}

/** Undefined when one of them is allowed; why the first is not, otherwise. */
async function refusalOf(authorizer: Authorizer, ...anyOf: Attributes[]): Promise<string | undefined> {
  let first: string | undefined;
  for (const attributes of anyOf) {
    const decision = await authorizer.authorize(attributes);
    if (decision.allowed) return undefined;
    first ??= forbiddenError(attributes, decision.reason).message;
  }
  return first;
}

function changedDrivers(status: ResourceClaimStatus, before: ResourceClaimStatus): readonly string[] {
  const keyOf = ({ driver, pool, device, shareID }: AllocatedDeviceStatus): string =>
    JSON.stringify([driver, pool, device, shareID ?? ""]);
  const devices = new Map((before.devices ?? []).map((device) => [keyOf(device), device]));
  const drivers = new Set<string>();
  for (const device of status.devices ?? []) {
    const former = devices.get(keyOf(device));
    devices.delete(keyOf(device));
    if (!former || !semanticEqual(device, former)) drivers.add(device.driver);
  }
  for (const { driver } of devices.values()) drivers.add(driver);
  return [...drivers].sort();
}

/** The one node that an allocation is for. */
function nodeOf({ allocation }: ResourceClaimStatus): string | undefined {
  const terms = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [{ matchExpressions = [], matchFields = [] } = {}] = terms;
  const [field] = matchFields;
  if (terms.length !== 1 || matchExpressions.length > 0 || matchFields.length !== 1) return undefined;
  const { key, operator, values = [] } = field!;
  return key === "metadata.name" && operator === "In" && values.length === 1 ? values[0] : undefined;
}
