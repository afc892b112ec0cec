/**
 * Discovery: which groups, versions and kinds there are. The aggregated form (one document for `/api`, one for `/apis`) is what clients
 * ask first and keep by its ETag; the old one document per group and version is for those that do not know it.
 */

import { createHash } from "node:crypto";
import type { MergedGroup, MergedVersion } from "../aggregation/merged-groups.ts";
import type { Group } from "@knarr/kinds/group.ts";
import { clausesOf, notAcceptableHere, outputOf } from "../negotiation/accept.ts";
import { written } from "../negotiation/encode.ts";
import type { Answer, WholeAnswer } from "../pipeline/answer.ts";
import { textAnswer } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { methodNotAllowed, noSuchPath } from "../pipeline/no-path.ts";
import { describedResources, type DescribedResource, type DescribedSubresource } from "./described.ts";

type AggregatedVersion = "v2" | "v2beta1";

export interface DiscoverySource {
  /** What is served here and behind us, in the order it is shown in: the same list until something changes. */
  readonly groups: readonly MergedGroup[];
}

export class Discovery {
  readonly #source: DiscoverySource;
  readonly #address: () => string;
  /** Of each list of groups. */
  readonly #kept = new WeakMap<readonly MergedGroup[], Map<string, WholeAnswer>>();

  /** `address` is where others reach this server, `host:port`. */
  constructor(source: DiscoverySource, address: () => string) {
    this.#source = source;
    this.#address = address;
  }

  /** `/api` */
  core(request: ApiRequest): Answer {
    const aggregated = aggregatedVersion(request);
    if (aggregated) return this.#aggregated(request, aggregated, true);
    const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: this.#address() }];
    return answerIn(request, { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs });
  }

  /** `/apis` */
  groups(request: ApiRequest): Answer {
    const aggregated = aggregatedVersion(request);
    if (aggregated) return this.#aggregated(request, aggregated, false);
    const groups = this.#source.groups.filter(({ name }) => name !== "").map(listedGroup);
    return answerIn(request, { kind: "APIGroupList", apiVersion: "v1", groups });
  }

  /** `/apis/apps` and `/apis/apps/v1`, `/api/v1`. */
  below(request: ApiRequest): Answer {
    const [prefix, ...rest] = request.route.path.split("/").filter(Boolean);
    const [name = "", version, ...more] = prefix === "api" ? ["", ...rest] : rest;
    const group = this.#source.groups.find((one) => one.name === name);
    if (!group || more.length > 0) return textAnswer(404, "404 page not found\n");
    if (version === undefined)
      return answerIn(request, { kind: "APIGroup", apiVersion: "v1", ...listedGroup(group) });
    const served = group.versions.find((one) => one.version === version)?.local;
    if (!served && group.versions.every(({ local }) => !local || isCustom(local)))
      return textAnswer(404, "404 page not found\n");
    if (!served) throw noSuchPath();
    if (request.method !== "GET") throw methodNotAllowed();
    const resources = describedResources(served).flatMap(listed);
    const groupVersion = name ? `${name}/${version}` : version;
    return answerIn(request, { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources });
  }

  #aggregated(request: ApiRequest, version: AggregatedVersion, isCore: boolean): Answer {
    const kept = this.#kept.getOrInsertComputed(this.#source.groups, () => new Map<string, WholeAnswer>());
    const answer = kept.getOrInsertComputed(`${version} ${isCore}`, () => {
      const groups = this.#source.groups.filter(({ name }) => (name === "") === isCore);
      const value = {
        kind: "APIGroupDiscoveryList",
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: groups.flatMap((group) => aggregatedGroup(group) ?? []),
      };
      const bytes = Buffer.from(JSON.stringify(value));
      const hash = createHash("sha512").update(bytes).digest("hex").toUpperCase();
      const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      return {
        code: 200,
        value,
        bytes,
        type,
        headers: { etag: `"${hash}"`, vary: "Accept", "cache-control": "public" },
      };
    });
    return unlessKnown(request, answer);
  }
}

function isCustom({ resources }: Group): boolean {
  return resources.every(({ published }) => published !== undefined);
}

/** 304 for who has it already. */
export function unlessKnown({ headers }: ApiRequest, answer: WholeAnswer): WholeAnswer {
  const etag = answer.headers?.["etag"];
  const known = headers["if-none-match"]?.split(",").map((text) => text.trim());
  if (typeof etag !== "string" || !known?.includes(etag)) return answer;
  return { code: 304, bytes: Buffer.alloc(0), headers: answer.headers! };
}

function aggregatedVersion({ headers }: ApiRequest): AggregatedVersion | undefined {
  for (const { type, subtype, parameters } of clausesOf(headers.accept ?? "")) {
    if (type !== "application" && type !== "*") continue;
    const version = parameters.get("v");
    if (parameters.get("g") !== "apidiscovery.k8s.io" || parameters.get("as") !== "APIGroupDiscoveryList") {
      if (subtype === "json" || subtype === "*" || subtype === "yaml") return undefined;
      continue;
    }
    if (subtype === "json" && (version === "v2" || version === "v2beta1")) return version;
  }
  return undefined;
}

function answerIn({ headers, query }: ApiRequest, value: object): Answer {
  const output = outputOf(headers.accept, query, { transforms: false });
  if (output.as !== "object") throw notAcceptableHere();
  return written(200, value, output);
}

function listedGroup({ name, versions }: MergedGroup): object {
  const shown = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: shown, preferredVersion: shown[0] };
}

function listed(resource: DescribedResource): object[] {
  const { name, singular, namespaced, kind, verbs, shortNames, categories, storageVersionHash } = resource;
  return [
    {
      name,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
      ...(storageVersionHash && { storageVersionHash }),
    },
    ...resource.subresources.map((sub) => listedSubresource(resource, sub)),
  ];
}

function listedSubresource({ name, namespaced }: DescribedResource, sub: DescribedSubresource): object {
  const { group, version, kind, verbs } = sub;
  return {
    name: `${name}/${sub.name}`,
    singularName: "",
    namespaced,
    ...(group !== undefined && { group }),
    ...(version !== undefined && { version }),
    kind,
    verbs,
  };
}

/** Undefined for a group of which nothing is there. */
function aggregatedGroup({ name, versions }: MergedGroup): object | undefined {
  const shown = versions.flatMap((version) => aggregatedVersionOf(version) ?? []);
  return shown.length > 0 ? { metadata: { name, creationTimestamp: null }, versions: shown } : undefined;
}

function aggregatedVersionOf({ version, local, remote }: MergedVersion): object | undefined {
  if (local) {
    const resources = describedResources(local).map((one) => aggregatedResource(one, local));
    return { version, resources, freshness: "Current" };
  }
  return remote && { version, resources: remote.resources, freshness: remote.freshness };
}

function aggregatedResource(
  resource: DescribedResource,
  { group, version }: { readonly group: string; readonly version: string },
): object {
  const { name, singular, namespaced, kind, verbs, shortNames, categories, subresources } = resource;
  return {
    resource: name,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((sub) => ({
        subresource: sub.name,
        responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
        verbs: sub.verbs,
      })),
    }),
  };
}
