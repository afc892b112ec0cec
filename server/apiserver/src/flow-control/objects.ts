/**
 * Brings the priority levels and flow schemas of the server's own into the cluster and keeps them there. Mandatory ones are as they must
 * be; a suggested one that somebody changed stays theirs, and says so in an annotation. What an older server suggested and
 * this one does not is taken away.
 */

import type { Api } from "@knarr/client/api.ts";
import { flowSchema } from "@knarr/kinds/flowcontrol/flow-schema.ts";
import { priorityLevelConfiguration } from "@knarr/kinds/flowcontrol/priority-level-configuration.ts";
import type {
  FlowSchemaSpec,
  PriorityLevelConfigurationSpec,
} from "@knarr/kinds/generated/flowcontrol-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from "@knarr/kinds/shared/flowcontrol/mandatory.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { unlessOvertaken } from "../bootstrap/beside-others.ts";
import type { World } from "../admission/plugin.ts";
import { suggestedFlowSchemas, suggestedPriorityLevels } from "./suggested.ts";

/** Whether the server may bring the spec up to date. */
const AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec";
/** Who is written down as the one that made these. */
export const CONFIG_PRODUCER = "api-priority-and-fairness-config-producer-v1";

type Spec = FlowSchemaSpec | PriorityLevelConfigurationSpec;
type Configuration = ApiObject & { readonly spec?: Spec };

interface Wanted {
  readonly name: string;
  readonly spec: Spec;
  readonly isMandatory: boolean;
}

/** Levels first: no schema should name one that is not there. */
const own: readonly { readonly resource: Resource<any>; readonly wanted: readonly Wanted[] }[] = [
  {
    resource: priorityLevelConfiguration,
    wanted: [...mandatory(mandatoryPriorityLevels), ...suggested(suggestedPriorityLevels)],
  },
  { resource: flowSchema, wanted: [...mandatory(mandatoryFlowSchemas), ...suggested(suggestedFlowSchemas)] },
];

function mandatory(specs: ReadonlyMap<string, Spec>): Wanted[] {
  return [...specs].map(([name, spec]) => ({ name, spec, isMandatory: true }));
}

function suggested(specs: ReadonlyMap<string, Spec>): Wanted[] {
  return [...specs].map(([name, spec]) => ({ name, spec, isMandatory: false }));
}

/** Writes nothing when all is as it should be. `api` writes as CONFIG_PRODUCER. */
export async function ensureFlowControl(api: Api, world: World): Promise<void> {
  for (const { resource, wanted } of own) {
    const names = new Set(wanted.map(({ name }) => name));
    const stale = world
      .list<Configuration>(resource)
      .filter((object) => !names.has(object.metadata.name!) && autoUpdateOf(object) === true);
    const writes = [
      ...wanted.map((one) => write(one, world.get<Configuration>(resource, one.name))),
      ...stale.map(({ metadata }) => api.delete(resource, metadata.name!)),
    ];
    await Promise.all(writes.map((one) => one.catch(unlessOvertaken)));

    async function write(one: Wanted, current: Configuration | undefined): Promise<void> {
      const { name, spec } = one;
      const metadata = { name, annotations: { [AUTO_UPDATE]: "true" } };
      const revised = current && revise(current, one);
      if (!current) await api.create(resource, { metadata, spec });
      else if (revised) await api.update(resource, revised);
    }
  }
}

/** The object as it must become, or undefined when it is right. */
function revise(current: Configuration, { spec, isMandatory }: Wanted): Configuration | undefined {
  const isOurs = isMandatory || (autoUpdateOf(current) ?? current.metadata.generation === 1);
  const isStale = isOurs && !isRight(current, spec);
  const isSaid = autoUpdateOf(current) === isOurs;
  if (!isStale && isSaid) return undefined;
  const annotations = { ...current.metadata.annotations, ...(!isSaid && { [AUTO_UPDATE]: String(isOurs) }) };
  return { ...current, metadata: { ...current.metadata, annotations }, ...(isStale && { spec }) };
}

/** The shares of the exempt level are the administrator's. */
function isRight({ spec }: Configuration, wanted: Spec): boolean {
  if (!spec || !("exempt" in wanted)) return semanticEqual(spec, wanted);
  return "exempt" in spec && semanticEqual({ ...spec, exempt: undefined }, { ...wanted, exempt: undefined });
}

/** Undefined when it does not say, or makes no sense. */
function autoUpdateOf({ metadata }: ApiObject): boolean | undefined {
  const text = metadata.annotations?.[AUTO_UPDATE] ?? "";
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}
