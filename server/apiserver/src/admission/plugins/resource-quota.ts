/** ResourceQuota: nothing is made or grown beyond what its namespace may use. Last of all plugins: it charges for what the others let through. */

import type { Resource } from "@knarr/kinds/resource.ts";
import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import { evaluatorOf } from "@knarr/kinds/shared/quota/evaluators.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { PluginContext } from "../admission.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { QuotaLedger } from "../quota/ledger.ts";
import { ReadableRules } from "../readable-rules.ts";
import { refused } from "../refuse.ts";

export function resourceQuotaPlugin(
  context: Pick<PluginContext, "caches" | "configuration" | "clock" | "log">,
): AdmissionPlugin {
  const { caches, clock, log } = context;
  const { limitedResources: limited } = context.configuration;
  const ledger = new QuotaLedger(caches);
  const rules = new ReadableRules(caches, [resourceQuota]);
  return {
    name: "ResourceQuota",
    handles: ["CREATE", "UPDATE"],

    concerns({ namespace, resource: { group, plural } }, world) {
      if (!namespace || (plural === "namespaces" && group === "")) return false;
      if (limited.length > 0 || world.list(resourceQuota, namespace).length > 0) return true;
      return caches.of(resourceQuota).unreadableKeys(namespace).length > 0;
    },

    async validate(given, request, world) {
      const { namespace, resource, subresource, dryRun: isDryRun } = request;
      const { group, plural } = resource;
      const evaluator = evaluatorOf(group ? `${plural}.${group}` : plural);
      if (!evaluator) return;
      const [object, previous] = [given, request.previous].map((one) =>
        evaluator.reads ? asStored(resource, one) : one,
      );
      const { isCharged = (change) => !change.previous && !change.subresource } = evaluator;
      if (!isCharged({ object, previous, subresource })) return;

      rules.check(request, object);
      const costs = await ledger.charge(namespace, {
        object: object!,
        previous,
        evaluator,
        around: { now: clock.now(), get: world.get, list: world.list },
        limited,
        isDryRun,
        isStatus: subresource === "status",
        refuse: (why) => refused(request, given, why),
      });
      if (costs.size > 0)
        request.givesBack.push(() =>
          ledger.refund(costs).catch((err: unknown) => log.error("Quota not given back", { namespace, err })),
        );
    },
  };
}

/** Usage is told from the version that objects are stored in. */
function asStored({ stored }: Resource<any>, object: ApiObject | undefined): ApiObject | undefined {
  return object && stored ? stored.toHub(copyJson(object)) : object;
}
