/** A question about the devices of a driver's pools, answered once in the status. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { longName, longNameOfAnyCase } from "@knarr/machinery/names.ts";
import type {
  PoolStatus,
  ResourcePoolStatusRequest,
  ResourcePoolStatusRequestSpec,
  ResourcePoolStatusRequestStatus,
} from "../../generated/resource-v1alpha3.ts";
import { defineResource } from "../resource.ts";
import { ageOf } from "../shared/age.ts";
import { nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { internalForm } from "../shared/internal/form.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const MAX_POOLS = 1000;
const MAX_CONDITIONS = 10;
const MAX_POOL_BYTES = 253;
const MAX_ERROR_BYTES = 256;

export const resourcePoolStatusRequest = defineResource<ResourcePoolStatusRequest>({
  group: "resource.k8s.io",
  version: "v1alpha3",
  kind: "ResourcePoolStatusRequest",
  schema: "io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequest",
  plural: "resourcepoolstatusrequests",
  scope: "Cluster",
  hasGeneration: false,
  unconditionalUpdate: false,
  returnsDeleted: true,

  defaults({ spec }) {
    if (spec) spec.limit ??= DEFAULT_LIMIT;
  },

  validate: ({ spec }, errors) => validateSpec(spec, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate({ spec }, previous, errors) {
    if (!semanticEqual(spec, previous.spec)) errors.at("spec").invalid(null, "field is immutable");
  },

  columns: [
    nameColumn,
    { name: "Driver", value: ({ spec }) => spec.driver },
    ...(
      [
        ["Total", "totalDevices"],
        ["Available", "availableDevices"],
        ["Allocated", "allocatedDevices"],
        ["Unavailable", "unavailableDevices"],
      ] as const
    ).map(([name, field]) => ({
      name,
      value: (object: ResourcePoolStatusRequest) =>
        summed(object, (pools) => pools.reduce((sum, pool) => sum + (pool[field] ?? 0), 0)),
    })),
    {
      name: "Errors",
      value: (object) =>
        summed(
          object,
          (pools) => pools.filter(({ validationError }) => validationError !== undefined).length,
        ),
    },
    { name: "Pools", type: "integer", value: ({ status }) => status?.poolCount ?? 0 },
    { name: "Status", value: stateOf },
    {
      name: "Completed",
      value: (object, now) => {
        const condition = outcomeOf(object);
        return condition?.type === "Complete" ? ageOf(condition.lastTransitionTime, now) : "<none>";
      },
    },
  ],

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate({ status }, previous, errors) {
        const at = errors.at("status");
        if (!previous.status) {
          if (status) validateStatus(status, at);
        } else if (!semanticEqual(status, previous.status))
          at.invalid(internalForm(status, "*ResourcePoolStatusRequestStatus"), "field is immutable");
      },
    },
  },
});

function outcomeOf({ status }: ResourcePoolStatusRequest) {
  const outcomes = ["Complete", "Failed"];
  return status?.conditions?.find((one) => outcomes.includes(one.type) && one.status === "True");
}

function summed(object: ResourcePoolStatusRequest, count: (pools: readonly PoolStatus[]) => number): string {
  if (!object.status || outcomeOf(object)?.type === "Failed") return "-";
  return String(count(object.status.pools ?? []));
}

function stateOf(object: ResourcePoolStatusRequest): string {
  const state = outcomeOf(object)?.type ?? "Pending";
  const { poolCount = 0, pools = [] } = object.status ?? {};
  return state === "Complete" && poolCount > pools.length
    ? `Complete (${pools.length}/${poolCount} pools)`
    : state;
}

function validateSpec({ driver, poolName, limit }: ResourcePoolStatusRequestSpec, errors: FieldErrors): void {
  checkDriver(driver, errors.at("driver"));
  if (poolName != null) checkSegments(poolName, errors.at("poolName"));
  const at = errors.at("limit");
  if (limit === undefined) at.required();
  else if (limit > MAX_LIMIT) at.invalid(limit, `must be less than or equal to ${MAX_LIMIT}`);
  else checkMinimum(limit, 1, at);
}

function validateStatus(status: ResourcePoolStatusRequestStatus, errors: FieldErrors): void {
  const { poolCount, pools = [], conditions = [] } = status;
  validateConditions(conditions, errors.at("conditions"));
  if (poolCount === undefined) errors.at("poolCount").required();
  else checkMinimum(poolCount, 0, errors.at("poolCount"));
  if (pools.length > MAX_POOLS) errors.at("pools").tooMany(pools.length, MAX_POOLS);
  else pools.forEach((pool, i) => validatePool(pool, errors.at("pools").at(i)));
  if (conditions.length > MAX_CONDITIONS) errors.at("conditions").tooMany(conditions.length, MAX_CONDITIONS);
}

function validatePool(pool: PoolStatus, errors: FieldErrors): void {
  checkDriver(pool.driver, errors.at("driver"));
  if (!pool.poolName) errors.at("poolName").required();
  else checkSegments(pool.poolName, errors.at("poolName"));
  if (!pool.generation) errors.at("generation").required();
  else checkMinimum(pool.generation, 0, errors.at("generation"));
  if (pool.resourceSliceCount !== undefined)
    checkMinimum(pool.resourceSliceCount, 1, errors.at("resourceSliceCount"));
  for (const field of ["totalDevices", "allocatedDevices", "availableDevices", "unavailableDevices"] as const)
    if (pool[field] !== undefined) checkMinimum(pool[field], 0, errors.at(field));
  if (pool.nodeName != null) reject(errors.at("nodeName"), pool.nodeName, longName(pool.nodeName));
  if (Buffer.byteLength(pool.validationError ?? "") > MAX_ERROR_BYTES)
    errors.at("validationError").tooLong(MAX_ERROR_BYTES);
}

function checkMinimum(value: number, min: number, errors: FieldErrors): void {
  if (value < min) errors.invalid(value, `must be greater than or equal to ${min}`);
}

function checkDriver(driver: string | undefined, errors: FieldErrors): void {
  if (!driver) errors.required();
  else reject(errors, driver, longNameOfAnyCase(driver));
}

/** This kind's rules are worded anew: they count the parts between slashes. */
function checkSegments(name: string, errors: FieldErrors): void {
  if (Buffer.byteLength(name) > MAX_POOL_BYTES) errors.tooLong(MAX_POOL_BYTES);
  name.split("/").forEach((part, i) => {
    if (part === "") errors.invalid(name, `segment ${i}: must not be empty`);
    else
      reject(
        errors,
        part,
        longName(part).map((why) => `segment ${i}: ${why}`),
      );
  });
}
