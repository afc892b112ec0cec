/** Says in the status of every flow schema whether its priority level is there. */

import type { Api } from "@knarr/client/api.ts";
import { flowSchema } from "@knarr/kinds/flowcontrol/flow-schema.ts";
import { priorityLevelConfiguration } from "@knarr/kinds/flowcontrol/priority-level-configuration.ts";
import type { FlowSchema } from "@knarr/kinds/generated/flowcontrol-v1.ts";
import { unlessGone } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { World } from "../admission/plugin.ts";

const TYPE = "Dangling";
const MANAGER = "api-priority-and-fairness-config-consumer-v1";

/** Writes nothing when all is said. */
export async function sayWhatDangles(api: Api, world: World, clock: Clock): Promise<void> {
  const stale = world.list(flowSchema).filter((schema) => !isSaid(schema, world));
  await Promise.all(
    stale.map(async (schema) => {
      const { name = "" } = schema.metadata;
      const condition = { ...conditionOf(schema, world), lastTransitionTime: formatTime(clock.now()) };
      const patch = {
        apiVersion: "flowcontrol.apiserver.k8s.io/v1",
        kind: "FlowSchema",
        metadata: { name },
        status: { conditions: [condition] },
      };
      const options = { type: "apply", subresource: "status", fieldManager: MANAGER, force: true } as const;
      await api.patch(flowSchema, name, patch, options).catch(unlessGone);
    }),
  );
}

function conditionOf({ spec }: FlowSchema, world: World) {
  const level = spec?.priorityLevelConfiguration.name ?? "";
  const isThere = world.get(priorityLevelConfiguration, level) !== undefined;
  return {
    type: TYPE,
    status: isThere ? "False" : "True",
    reason: isThere ? "Found" : "NotFound",
    message: `This FlowSchema references the PriorityLevelConfiguration object named "${level}" ${isThere ? "and it exists" : "but there is no such object"}`,
  };
}

function isSaid(schema: FlowSchema, world: World): boolean {
  const wanted = conditionOf(schema, world);
  const said = schema.status?.conditions?.find(({ type }) => type === TYPE);
  return said?.status === wanted.status && said.reason === wanted.reason && said.message === wanted.message;
}
