/**
 * Discovery: which groups, versions and kinds there are. The aggregated form (one document for `/api`, one for `/apis`) is what clients
 * ask first and keep by its ETag; the old one document per group and version is for those that do not know it.
 */

import { createHash } from "node:crypto";
import type { Group } from "@knarr/kinds/group.ts";
import { clausesOf, notAcceptableHere, outputOf } from "../negotiation/accept.ts";
import { written } from "../negotiation/encode.ts";
import type { Answer, WholeAnswer } from "../pipeline/answer.ts";
import { textAnswer } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { noSuchPath } from "../pipeline/no-path.ts";
import type { Registry } from "../registry/registry.ts";
import { describedResources, type DescribedResource, type DescribedSubresource } from "./described.ts";

type AggregatedVersion = "v2" | "v2beta1";

export class Discovery {
  readonly #registry: Registry;
  readonly #address: () => string;
  /** Of each list of groups. */
  readonly #kept = new WeakMap<readonly Group[], Map<string, WholeAnswer>>();

  /** `address` is where others reach this server, `host:port`. */
  constructor(registry: Registry, address: () => string) {
    this.#registry = registry;
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
    const groups = this.#names().map((name) => this.#group(name));
    return answerIn(request, { kind: "APIGroupList", apiVersion: "v1", groups });
  }

  /** `/apis/apps` and `/apis/apps/v1`, `/api/v1`. */
  below(request: ApiRequest): Answer {
    const [prefix, ...rest] = request.route.path.split("/").filter(Boolean);
    const [group = "", version] = prefix === "api" ? ["", rest[0]] : rest;
    if (group !== "" && !this.#names().includes(group)) return textAnswer(404, "404 page not found\n");
    if (version === undefined) {
      return answerIn(request, { kind: "APIGroup", apiVersion: "v1", ...this.#group(group) });
    }
    const served = this.#registry.groups.find((one) => one.group === group && one.version === version);
    if (!served || served.resources.length === 0) throw noSuchPath();
    const resources = describedResources(served).flatMap(listed);
    const groupVersion = group ? `${group}/${version}` : version;
    return answerIn(request, { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources });
  }

  /** Groups but core, in order. */
  #names(): string[] {
    const served = this.#registry.groups.filter(
      ({ group, resources }) => group !== "" && resources.length > 0,
    );
    return [...new Set(served.map(({ group }) => group))];
  }

  #group(name: string): object {
    const versions = this.#versions(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #versions(name: string): string[] {
    return this.#registry.groups
      .filter(({ group, resources }) => group === name && resources.length > 0)
      .map(({ version }) => version);
  }

  #aggregated(request: ApiRequest, version: AggregatedVersion, isCore: boolean): Answer {
    const kept = this.#kept.getOrInsertComputed(this.#registry.groups, () => new Map<string, WholeAnswer>());
    const answer = kept.getOrInsertComputed(`${version} ${isCore}`, () => {
      const names = isCore ? [""] : this.#names();
      const value = {
        kind: "APIGroupDiscoveryList",
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: names.map((name) => this.#aggregatedGroup(name)),
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

  #aggregatedGroup(name: string): object {
    const groups = this.#registry.groups.filter(
      ({ group, resources }) => group === name && resources.length > 0,
    );
    return {
      metadata: { name, creationTimestamp: null },
      versions: groups.map((group) => ({
        version: group.version,
        resources: describedResources(group).map((resource) => aggregatedResource(resource, group)),
        freshness: "Current",
      })),
    };
  }
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
