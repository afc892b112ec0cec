/** Whether a configured webhook is to be asked about a request, and in which version it wants to see the objects. */

import { groupResource } from "@knarr/kinds/resource.ts";
import { forbidden } from "@knarr/machinery/status.ts";
import { ConditionsFailed } from "../matching/conditions.ts";
import { expressionInput, type Shown } from "../matching/expression-input.ts";
import type { World } from "../plugin.ts";
import type { Authorization } from "../../authz/authorization.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { ConfiguredWebhook } from "./configured.ts";
import type { ShownObjects } from "./shown.ts";

export interface Question {
  readonly object: any;
  readonly objects: ShownObjects;
  readonly request: AdmissionRequest;
  readonly world: World;
  readonly authorization: Authorization;
}

/** Undefined when it is not to be asked. Throws ApiError when that cannot be found out. */
export async function shownTo(
  { matcher, conditions }: ConfiguredWebhook,
  { object, objects, request, world, authorization }: Question,
): Promise<Shown | undefined> {
  const match = matcher.match(object, request, world);
  if (!match) return undefined;
  const shown = await objects.in(match);
  if (conditions.isEmpty) return shown;
  try {
    const hold = await conditions.hold(expressionInput(request, shown, authorization), request);
    return hold ? shown : undefined;
  } catch (err) {
    if (!(err instanceof ConditionsFailed)) throw err;
    throw forbidden(groupResource(request.resource), request.name, err.message);
  }
}
