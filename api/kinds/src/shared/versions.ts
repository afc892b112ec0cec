/**
 * One kind in a further version: `inVersion(volumeAttributesClass, "v1beta1", { schema: "…" })`.
 *
 * Objects are stored in one version, the hub's, and so are the rules: upstream has each rule once too, for its internal form, and names
 * fields as that form does whatever version was asked for. A version that looks like the hub needs no more than its schema. One that looks
 * otherwise says how to convert; the hub's rules then see what it converts to.
 */

import { convert } from "@knarr/machinery/decode/convert.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import {
  defineResource,
  schemaOf,
  type Resource,
  type StatusSubresource,
  type Subresources,
} from "../resource.ts";

export interface Version<T extends ApiObject, Hub extends ApiObject = any> {
  /** Definition of the kind in this version. */
  readonly schema: Resource["schema"];
  /**
   * Both or none. They are given an object that they may change and use up, and need not care for apiVersion, nor for fields that
   * are there and empty. What the other form cannot hold goes into an annotation, or is lost.
   */
  toHub?(object: T): Hub;
  fromHub?(object: Hub): T;
  /** When this version fills in otherwise than the hub; written for this version's form. */
  defaults?(object: T): void;
  readonly deprecation?: string;
}

export function inVersion<T extends ApiObject, Hub extends ApiObject>(
  hub: Resource<Hub>,
  version: string,
  { schema, toHub, fromHub, defaults, deprecation }: Version<T, Hub>,
): Resource<T> {
  const { deprecation: ofHub, ...rules } = hub;
  const own = { ...rules, version, schema } as unknown as Resource<T>;
  const stored = {
    as: hub,
    toHub: (object: T): Hub => formOf(hub, toHub ? toHub(object) : object),
    fromHub: (object: Hub): T => formOf(own, fromHub ? fromHub(object) : object),
  };
  return defineResource<T>({
    ...own,
    ...(toHub && liftedRules(hub, stored)),
    ...(defaults && { defaults }),
    ...(deprecation !== undefined && { deprecation }),
    stored,
  });
}

/** With the fields that this form always writes, and without those that it does not have. */
function formOf<T extends ApiObject>(resource: Resource<T>, object: object): T {
  const named = { ...object, apiVersion: groupVersion(resource) };
  return convert(named, schemaOf(resource), { keepsEmpties: true }).object as unknown as T;
}

interface Conversion<T, Hub> {
  toHub(object: T): Hub;
  fromHub(object: Hub): T;
}

/** The rules of `hub` for objects of another form. */
function liftedRules<T extends ApiObject, Hub extends ApiObject>(
  hub: Resource<Hub>,
  conversion: Conversion<T, Hub>,
): Partial<Resource<T>> {
  const { seen, changing } = lifting(conversion);
  const { selectableFields, columns, subresources } = hub;
  const rules = {
    defaults: hub.defaults && changing(hub.defaults.bind(hub)),
    prepareForCreate: hub.prepareForCreate && changing(hub.prepareForCreate.bind(hub)),
    prepareForUpdate: hub.prepareForUpdate && changing(hub.prepareForUpdate.bind(hub)),
    stamp: hub.stamp && changing(hub.stamp.bind(hub)),
    validate: hub.validate && seen(hub.validate.bind(hub)),
    validateUpdate: hub.validateUpdate && seen(hub.validateUpdate.bind(hub)),
    warnings: hub.warnings && seen(hub.warnings.bind(hub)),
    generationChanged: hub.generationChanged && seen(hub.generationChanged.bind(hub)),
    gracePeriodSeconds: hub.gracePeriodSeconds && seen(hub.gracePeriodSeconds.bind(hub)),
    selectableFields: selectableFields && mapValues(selectableFields, seen),
    columns: columns?.map((column) => ({ ...column, value: seen(column.value.bind(column)) })),
    subresources: subresources && liftedSubresources(subresources, conversion),
  };
  return Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined));
}

function liftedSubresources<T extends ApiObject, Hub extends ApiObject>(
  { status, scale, parts }: Subresources<Hub>,
  conversion: Conversion<T, Hub>,
): Subresources<T> {
  const { seen } = lifting(conversion);
  return {
    ...(status !== undefined && {
      status: typeof status === "object" ? liftedPart(status, conversion) : status,
    }),
    ...(scale && { scale: { ...scale, selector: seen(scale.selector.bind(scale)) } }),
    ...(parts && { parts: mapValues(parts, (part) => liftedPart(part, conversion)) }),
  };
}

function liftedPart<T extends ApiObject, Hub extends ApiObject>(
  part: StatusSubresource<Hub>,
  conversion: Conversion<T, Hub>,
): StatusSubresource<T> {
  const { seen, changing } = lifting(conversion);
  return {
    ...(part.writtenOnCreate && { writtenOnCreate: true }),
    ...(part.prepareForUpdate && { prepareForUpdate: changing(part.prepareForUpdate.bind(part)) }),
    ...(part.stamp && { stamp: changing(part.stamp.bind(part)) }),
    ...(part.validateUpdate && { validateUpdate: seen(part.validateUpdate.bind(part)) }),
    ...(part.warnings && { warnings: seen(part.warnings.bind(part)) }),
  };
}

/** How functions of the hub's objects become functions of this form's: objects are told from other arguments by their metadata. */
function lifting<T extends ApiObject, Hub extends ApiObject>({ toHub, fromHub }: Conversion<T, Hub>) {
  const hubForm = (argument: unknown): unknown =>
    isObject(argument) ? toHub(copyJson(argument as T)) : argument;
  return {
    seen:
      (rule: (...args: any[]) => any) =>
      (...args: unknown[]) =>
        rule(...args.map(hubForm)),
    changing:
      (rule: (...args: any[]) => void) =>
      (object: T, ...others: unknown[]): void => {
        const changed = toHub(copyJson(object));
        rule(changed, ...others.map(hubForm));
        for (const field of Object.keys(object)) delete (object as Record<string, unknown>)[field];
        Object.assign(object, fromHub(changed));
      },
  };
}

function isObject(argument: unknown): boolean {
  return typeof argument === "object" && argument !== null && "metadata" in argument;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
