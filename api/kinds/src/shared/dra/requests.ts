/** What a claim asks for: requests for devices, what they must have in common, how they are set up. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";

import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from "../../../generated/resource-v1.ts";
import { reject } from "../values.ts";
import { MAX_CONFIGURATIONS, validateConfiguration } from "./configuration.ts";
import { checkList, checkSet } from "./lists.ts";
import { checkFullyQualifiedName, checkLabel } from "./names.ts";
import { validateSelectors } from "./selectors.ts";
import { validateDeviceToleration } from "./taints.ts";

export const MAX_REQUESTS = 32;
const MAX_CONSTRAINTS = 32;
const MAX_ALTERNATIVES = 8;

export function defaultClaimSpec({ devices }: ResourceClaimSpec): void {
  for (const { exactly, firstAvailable } of devices?.requests ?? [])
    for (const request of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])]) defaultRequest(request);
}

export function defaultRequest(
  request: Pick<DeviceSubRequest, "allocationMode" | "count" | "tolerations">,
): void {
  request.allocationMode ||= "ExactCount";
  if (request.allocationMode === "ExactCount") request.count ||= 1;
  for (const toleration of request.tolerations ?? []) toleration.operator ||= "Equal";
}

export function validateClaimSpec(spec: ResourceClaimSpec | undefined, errors: FieldErrors): void {
  const claim = spec?.devices ?? {};
  const at = errors.at("devices");
  const names = requestNames(claim);
  checkSet(claim.requests, at.at("requests"), {
    max: MAX_REQUESTS,
    check: validateRequest,
    keyOf: ({ name = "" }) => name,
  });
  checkList(claim.constraints, at.at("constraints"), {
    max: MAX_CONSTRAINTS,
    check: (constraint, place) => validateConstraint(constraint, place, names),
  });
  checkList(claim.config, at.at("config"), {
    max: MAX_CONFIGURATIONS,
    check(config, place) {
      checkRequestNames(config.requests, place.at("requests"), names);
      validateConfiguration(config, place, { isStored: false });
    },
  });
}

/** `request` or `request/alternative`. */
export function requestNames({ requests }: DeviceClaim): ReadonlySet<string> {
  return new Set(
    (requests ?? []).flatMap(({ name = "", firstAvailable }) => [
      name,
      ...(firstAvailable ?? []).map((alternative) => `${name}/${alternative.name ?? ""}`),
    ]),
  );
}

export function checkRequestNames(
  requests: readonly string[] | undefined,
  errors: FieldErrors,
  known: ReadonlySet<string>,
): void {
  checkSet(requests, errors, {
    max: MAX_REQUESTS,
    check: (name, at) => checkRequestName(name, at, known),
    keyOf: (name) => name,
  });
}

export function checkRequestName(name: string, errors: FieldErrors, known: ReadonlySet<string>): void {
  const parts = name.split("/");
  if (parts.length <= 2) for (const part of parts) checkLabel(part, errors);
  if (!known.has(name))
    errors.invalid(
      name,
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
    );
}

function validateRequest({ name, exactly, firstAvailable }: DeviceRequest, errors: FieldErrors): void {
  checkLabel(name, errors.at("name"));
  const hasAlternatives = (firstAvailable ?? []).length > 0;
  if (exactly && hasAlternatives)
    errors.invalid(
      null,
      "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set",
    );
  else if (exactly) validateOne(exactly, errors.at("exactly"));
  else if (!hasAlternatives) errors.required("exactly one of `exactly` or `firstAvailable` is required");
  else
    checkSet(firstAvailable, errors.at("firstAvailable"), {
      max: MAX_ALTERNATIVES,
      check(alternative, at) {
        checkLabel(alternative.name, at.at("name"));
        validateOne(alternative, at);
      },
      keyOf: (alternative) => alternative.name ?? "",
    });
}

function validateOne(request: ExactDeviceRequest | DeviceSubRequest, errors: FieldErrors): void {
  const { deviceClassName, selectors, allocationMode = "", count = 0, tolerations = [] } = request;
  if (!deviceClassName) errors.at("deviceClassName").required();
  else reject(errors.at("deviceClassName"), deviceClassName, dns1123Subdomain(deviceClassName));
  validateSelectors(selectors, errors.at("selectors"));
  if (allocationMode === "All") {
    if (count !== 0) errors.at("count").invalid(count, "must not be specified when allocationMode is 'All'");
  } else if (allocationMode === "ExactCount") {
    if (count <= 0) errors.at("count").invalid(count, "must be greater than zero");
  } else errors.at("allocationMode").notSupported(allocationMode, ["All", "ExactCount"]);
  tolerations.forEach((toleration, i) =>
    validateDeviceToleration(toleration, errors.at("tolerations").at(i)),
  );
}

function validateConstraint(
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  errors: FieldErrors,
  names: ReadonlySet<string>,
): void {
  checkRequestNames(requests, errors.at("requests"), names);
  if (matchAttribute != null) checkFullyQualifiedName(matchAttribute, errors.at("matchAttribute"));
  else if (distinctAttribute != null)
    checkFullyQualifiedName(distinctAttribute, errors.at("distinctAttribute"));
  // upstream's words, though it is none that is set
  else
    errors.required(
      'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    );
}
