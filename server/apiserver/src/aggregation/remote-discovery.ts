/**
 * What servers behind ours serve, as they say themselves, kept until they say otherwise. The aggregated form is asked for and, from servers
 * that do not know it, the old one, which is put into the form of the other.
 */

import { clausesOf } from "../negotiation/accept.ts";
import type { Remote, Reply } from "./remote.ts";

/** A version of a group as aggregated discovery shows it. */
export interface RemoteVersion {
  readonly resources: readonly object[];
  /** Stale: the server does not answer, and this is what it said last, if it ever did. */
  readonly freshness: "Current" | "Stale";
}

interface Known {
  readonly version: RemoteVersion;
  readonly etag: string | undefined;
}

const TIMEOUT_MS = 5000;
const GROUP = "apidiscovery.k8s.io";
const LIST = "APIGroupDiscoveryList";
const ACCEPT = ["v2", "v2beta1"].map((v) => `application/json;g=${GROUP};v=${v};as=${LIST}`).join(",");
const AGGREGATOR = { name: "system:kube-aggregator", groups: ["system:masters"] };
const NOTHING: RemoteVersion = { resources: [], freshness: "Stale" };

export class RemoteDiscovery {
  /** By the name of the APIService. */
  readonly #known = new Map<string, Known>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get(name: string): RemoteVersion {
    return this.#known.get(name)?.version ?? NOTHING;
  }

  /** Asks again. Never rejects: who does not answer is stale. */
  async refresh(name: string, remote: Remote): Promise<void> {
    const known = this.#known.get(name);
    try {
      const { etag, resources } = await fetched(remote, known);
      this.#set(name, { etag, version: { resources, freshness: "Current" } });
    } catch {
      this.markStale(name); // why is in the APIService's condition, or will be soon
    }
  }

  markStale(name: string): void {
    const { version, etag } = this.#known.get(name) ?? { version: NOTHING };
    this.#set(name, { etag, version: { ...version, freshness: "Stale" } });
  }

  forget(name: string): void {
    if (this.#known.delete(name)) this.#onChange();
  }

  #set(name: string, next: Known): void {
    const before = this.#known.get(name);
    const { version } = next;
    if (before?.version.resources === version.resources && before.version.freshness === version.freshness)
      return;
    this.#known.set(name, next);
    this.#onChange();
  }
}

/** The same list of resources when the server says that nothing changed. */
async function fetched(
  remote: Remote,
  known: Known | undefined,
): Promise<{ readonly etag: string | undefined; readonly resources: readonly object[] }> {
  const asked = { path: "/apis", accept: ACCEPT, as: AGGREGATOR, known: known?.etag, timeoutMs: TIMEOUT_MS };
  const reply = await remote.ask(asked);
  if (reply.code === 304 && known) return { etag: known.etag, resources: known.version.resources };
  if (reply.code === 503) throw new Error("the server is not available");
  if (reply.code === 200 && isAggregated(reply)) {
    const etag = reply.headers.etag;
    return { etag, resources: resourcesIn(JSON.parse(reply.body.toString()), remote) };
  }
  const legacy = await remote.ask({
    ...asked,
    path: remote.root,
    accept: "application/json",
    known: undefined,
  });
  if (legacy.code !== 200) throw new Error(`failed to download legacy discovery for ${remote.root}`);
  const resources = fromLegacy(JSON.parse(legacy.body.toString()).resources ?? []);
  const isKnown = known && JSON.stringify(known.version.resources) === JSON.stringify(resources);
  return { etag: undefined, resources: isKnown ? known.version.resources : resources };
}

function isAggregated({ headers }: Reply): boolean {
  const [clause] = clausesOf(headers["content-type"] ?? "");
  return clause?.parameters.get("g") === GROUP && clause.parameters.get("as") === LIST;
}

function resourcesIn(document: any, { group, version }: Remote): readonly object[] {
  const found = document.items?.find(({ metadata }: any) => (metadata?.name ?? "") === group);
  return found?.versions?.find((one: any) => one.version === version)?.resources ?? [];
}

interface LegacyResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** Subresources stand beside their resources there, and below them here. */
export function fromLegacy(listed: readonly LegacyResource[]): readonly object[] {
  const resources = new Map<string, any>();
  const own = (name: string, resource: object): any =>
    Object.assign(resources.getOrInsert(name, {}), resource);
  for (const resource of listed) {
    const { name, namespaced, verbs = [], shortNames, categories, singularName = "" } = resource;
    const [parent = "", subresource] = name.split("/");
    const scope = namespaced ? "Namespaced" : "Cluster";
    const responseKind = kindOf(resource);
    if (subresource === undefined)
      own(name, {
        ...{ resource: name, responseKind, scope, singularResource: singularName, verbs },
        ...(shortNames?.length && { shortNames }),
        ...(categories?.length && { categories }),
      });
    else {
      const of = own(parent, { resource: parent, scope });
      (of.subresources ??= []).push({ subresource, responseKind, verbs });
    }
  }
  return [...resources.values()];
}

function kindOf({ group = "", version = "", kind = "" }: LegacyResource): object {
  return { group, version, kind };
}
