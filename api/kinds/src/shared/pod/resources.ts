/** Requests, limits and claims: of containers, of overhead, of the pod as a whole. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label } from "@knarr/machinery/names.ts";

import type { PodSpec, ResourceClaim, ResourceRequirements } from "../../../generated/core-v1.ts";
import { canonical, compare } from "../amounts.ts";
import { checkAmount, checkContainerResourceName, checkResourceName } from "../resource-name-rules.ts";
import { reject } from "../values.ts";
import { aggregate } from "./aggregate.ts";
import type { PodContext } from "./context.ts";
import {
  isDivisibleHugePage,
  isHugePage,
  isOvercommitAllowed,
  isPodLevelResource,
} from "./resource-names.ts";
import { NOTHING_TOLERATED } from "./tolerated.ts";

type Amounts = Readonly<Record<string, string>>;
type ResourceContext = Pick<PodContext, "tolerated" | "claims">;
type NameRule = (name: string, errors: FieldErrors) => void;

export function validateContainerResources(
  resources: ResourceRequirements | undefined,
  errors: FieldErrors,
  context: PodContext,
): void {
  if (resources) validateRequirements(resources, errors, { context, nameRule: checkContainerResourceName });
}

export function validateOverhead(
  overhead: Amounts,
  errors: FieldErrors,
  context: ResourceContext = { tolerated: NOTHING_TOLERATED, claims: new Set() },
): void {
  validateRequirements({ limits: overhead }, errors, { context, nameRule: checkContainerResourceName });
}

export function validatePodLevelResources(errors: FieldErrors, context: PodContext): void {
  const { spec } = context;
  const { resources } = spec;
  if (!resources) return;
  const at = errors.at("resources");
  if (spec.os?.name === "windows") {
    at.forbidden("may not be set for a windows pod");
    return;
  }
  if (resources.claims) at.at("claims").forbidden("claims may not be set for Resources at pod-level");
  validateRequirements(resources, at, { context, nameRule: podResourceName });
  validateFitsContainers(spec, resources, at);
}

function validateRequirements(
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  errors: FieldErrors,
  { context, nameRule }: { readonly context: ResourceContext; readonly nameRule: NameRule },
): void {
  const check = (list: Amounts, field: string, more?: (name: string) => void): void => {
    for (const name in list) {
      const at = errors.at(field).at([name]);
      nameRule(name, at);
      checkAmount(name, list[name]!, at);
      more?.(name);
      if (isHugePage(name)) validateHugePage(name, list[name]!, at, context);
    }
  };
  check(limits, "limits");
  check(requests, "requests", (name) => validateAgainstLimit(name, { limits, requests }, errors));
  if (!hasComputeAmount(limits) && !hasComputeAmount(requests)) {
    const huge = [...Object.keys(limits), ...Object.keys(requests)].some(isHugePage);
    if (huge) errors.forbidden("HugePages require cpu or memory");
  }
  if (claims?.length) validateClaims(claims, errors.at("claims"), context.claims);
}

function hasComputeAmount(list: Amounts): boolean {
  return list.cpu !== undefined || list.memory !== undefined;
}

function validateAgainstLimit(
  name: string,
  { limits, requests }: { readonly limits: Amounts; readonly requests: Amounts },
  errors: FieldErrors,
): void {
  const request = requests[name]!;
  const limit = limits[name];
  if (limit === undefined) {
    if (!isOvercommitAllowed(name))
      errors.at("limits").required("Limit must be set for non overcommitable resources");
    return;
  }
  const order = compare(request, limit);
  if (order !== 0 && !isOvercommitAllowed(name))
    errors
      .at("requests")
      .invalid(canonical(request), `must be equal to ${name} limit of ${canonical(limit)}`);
  else if (order > 0)
    errors
      .at("requests")
      .invalid(canonical(request), `must be less than or equal to ${name} limit of ${canonical(limit)}`);
}

function validateHugePage(
  name: string,
  amount: string,
  errors: FieldErrors,
  { tolerated }: ResourceContext,
): void {
  if (!tolerated.indivisibleHugePages && !isDivisibleHugePage(name, amount))
    errors.invalid(canonical(amount), `${canonical(amount)} is not positive integer multiple of ${name}`);
}

function podResourceName(name: string, errors: FieldErrors): void {
  if (checkResourceName(name, errors) && !isPodLevelResource(name))
    errors.notSupported(name, ["cpu", "hugepages-", "memory"]);
}

function validateClaims(
  claims: readonly ResourceClaim[],
  errors: FieldErrors,
  known: ReadonlySet<string>,
): void {
  const seen = new Set<string>();
  claims.forEach(({ name = "", request }, i) => {
    const at = errors.at(i);
    if (!name) {
      at.required();
      return;
    }
    if (seen.has(name)) at.duplicate(name);
    else {
      const key = request ? `${name}/${request}` : name;
      if (request) reject(at.at("request"), request, dns1123Label(request));
      if (seen.has(key)) at.duplicate(key);
      else if (!request) for (const other of seen) if (other.startsWith(`${name}/`)) at.duplicate(name);
      seen.add(key);
    }
    if (!known.has(name))
      at.add("FieldValueNotFound", `Not found: ${JSON.stringify(name)}: ${wanted(known)}`);
  });
}

function wanted(known: ReadonlySet<string>): string {
  const names = known.size ? `: ${[...known].sort().join(", ")}` : " which is empty";
  return `must be one of the names in pod.spec.resourceClaims${names}`;
}

/** What the pod has as a whole must be enough for its containers together, and for each. */
function validateFitsContainers(spec: PodSpec, resources: ResourceRequirements, errors: FieldErrors): void {
  const { requests: podRequests = {}, limits: podLimits = {} } = resources;
  const requests = aggregate(spec, "requests");
  for (const name in requests) {
    const own = podRequests[name];
    if (own !== undefined && compare(requests[name]!, own) > 0)
      errors
        .at("requests")
        .at([name])
        .invalid(
          canonical(own),
          `must be greater than or equal to aggregate container requests of ${requests[name]}`,
        );
  }
  const limits = aggregate(spec, "limits");
  for (const name in limits) {
    const own = podLimits[name];
    if (isHugePage(name) && own !== undefined && compare(limits[name]!, own) > 0)
      errors
        .at("limits")
        .at([name])
        .invalid(
          canonical(own),
          `must be greater than or equal to aggregate container limits of ${limits[name]}`,
        );
  }
  (spec.containers ?? []).forEach((container, i) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = podLimits[name];
      if (own !== undefined && compare(limit, own) > 0)
        errors
          .at("containers")
          .at(i)
          .at([name])
          .at("limits")
          .invalid(canonical(limit), `must be less than or equal to pod limits of ${canonical(own)}`);
    }
  });
}
