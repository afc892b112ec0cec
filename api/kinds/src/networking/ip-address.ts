/** An address in use: its name is the address, its parent who uses it. Made by the server for every Service. */

import { isIpv6Text, validIp } from "@knarr/machinery/addresses.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { ObjectMeta } from "../../generated/meta.ts";
import type { IPAddress, ParentReference } from "../../generated/networking-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { internalForm, internalOrNull } from "../shared/internal/form.ts";
import { checkPathSegment, requirePathSegment } from "../shared/path-segment.ts";
import { reject } from "../shared/values.ts";
import { inVersion } from "../shared/versions.ts";

const FAMILY_LABEL = "ipaddress.kubernetes.io/ip-family";
const MANAGED_BY_LABEL = "ipaddress.kubernetes.io/managed-by";
const SERVICE_ALLOCATOR = "ipallocator.k8s.io";

export const ipAddress = defineResource<IPAddress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  schema: "io.k8s.api.networking.v1.IPAddress",
  plural: "ipaddresses",
  shortNames: ["ip"],
  scope: "Cluster",
  hasGeneration: false,
  metadataOnUpdate: ["whole", "change"],
  name: (name) => validIp(name),

  validate({ spec }, errors) {
    const parent = spec?.parentRef as ParentReference | undefined;
    const at = errors.at("spec").at("parentRef");
    if (!parent) {
      at.required();
      return;
    }
    const { group, resource, name, namespace } = parent;
    if (group) reject(at.at("group"), group, dns1123Subdomain(group));
    requirePathSegment(at.at("resource"), resource);
    requirePathSegment(at.at("name"), name);
    if (namespace) checkPathSegment(at.at("namespace"), namespace);
  },

  validateUpdate({ spec }, previous, errors) {
    const now = internalOrNull(spec?.parentRef, "ParentReference");
    if (!semanticEqual(now, internalForm(previous.spec?.parentRef, "*ParentReference")))
      errors.at("spec").at("parentRef").invalid(now, "field is immutable");
  },

  columns: [
    nameColumn,
    { name: "ParentRef", value: ({ spec }) => parentText(spec?.parentRef) },
    { ...ageColumn, untitled: true },
  ],
});

export const ipAddressV1beta1 = inVersion<IPAddress, IPAddress>(ipAddress, "v1beta1", {
  schema: "io.k8s.api.networking.v1beta1.IPAddress",
  deprecation: "networking.k8s.io/v1beta1 IPAddress is deprecated in v1.34+, unavailable in v1.37+",
});

/** An address as the server takes it for a Service. */
export function serviceAddress(address: string, service: { readonly metadata: ObjectMeta }): IPAddress {
  const { namespace = "", name = "" } = service.metadata;
  const labels = {
    [FAMILY_LABEL]: isIpv6Text(address) ? "IPv6" : "IPv4",
    [MANAGED_BY_LABEL]: SERVICE_ALLOCATOR,
  };
  return {
    metadata: { name: address, labels },
    spec: { parentRef: { resource: "services", namespace, name } },
  };
}

/** Whether the server made it for a Service. */
export function isServiceAddress({ metadata }: IPAddress): boolean {
  return metadata?.labels?.[MANAGED_BY_LABEL] === SERVICE_ALLOCATOR;
}

/** `services/default/kubernetes` */
function parentText(parent: ParentReference | undefined): string {
  if (!parent) return "<none>";
  const { group, resource = "", namespace, name = "" } = parent;
  const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
  return [kind, ...(namespace ? [namespace] : []), name].join("/");
}
