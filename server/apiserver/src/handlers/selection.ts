/** What LIST, WATCH and DELETE of a collection select: the selectors of the query, checked for the kind. */

import { everyField, FieldSelector, parseFieldSelector } from "@knarr/machinery/fields.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { everything, parseLabelSelector, type LabelSelector } from "@knarr/machinery/labels.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { Selected } from "../cache/cache.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Served } from "../registry/served.ts";
import type { ListOptions } from "./options.ts";

export function selectedBy(request: ApiRequest, served: Served, options: ListOptions): Selected {
  const labelSelector = labelsOf(options.labelSelector);
  const fieldSelector = fieldsOf(options.fieldSelector, served, request);
  return {
    ...(request.namespace && served.namespaced && { namespace: request.namespace }),
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
  };
}

function labelsOf(text: string): LabelSelector | undefined {
  if (text === "") return undefined;
  try {
    const selector = parseLabelSelector(text);
    return selector === everything ? undefined : selector;
  } catch (err) {
    if (err instanceof SyntaxError) throw badRequest(err.message);
    throw err;
  }
}

function fieldsOf(text: string, served: Served, request: ApiRequest): FieldSelector | undefined {
  if (text === "" && request.route.depth < 2) return undefined;
  let selector = everyField;
  try {
    selector = parseFieldSelector(text);
  } catch (err) {
    if (err instanceof SyntaxError) throw badRequest(err.message);
    throw err;
  }
  for (const { field } of selector.terms) if (!isSelectable(served, field)) throw unknownField(served, field);
  if (request.route.depth >= 2 && !selector.terms.length)
    return new FieldSelector([{ field: "metadata.name", operator: "=", value: request.name! }]); // GET /watch/…/name
  return selector.terms.length ? selectorOfStored(selector, served.resource) : undefined;
}

/** With the fields called as the stored resource calls them. */
export function selectorOfStored(selector: FieldSelector, { stored }: Resource<any>): FieldSelector {
  const names = stored?.selectableFields;
  if (!names) return selector;
  return new FieldSelector(
    selector.terms.map((term) => ({ ...term, field: names[term.field] ?? term.field })),
  );
}

function isSelectable({ resource }: Served, field: string): boolean {
  if (field === "metadata.name" || field === "metadata.namespace") return true;
  return resource.selectableFields?.[field] !== undefined;
}

function unknownField({ resource }: Served, field: string): Error {
  return resource.selectableFields
    ? badRequest(`field label not supported: ${field}`)
    : badRequest(`${quote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
