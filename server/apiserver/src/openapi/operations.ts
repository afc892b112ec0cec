/**
 * The paths of a resource with their operations, as both versions of OpenAPI list them: which method, which verb, which kind goes in and
 * out, which query parameters. What a parameter means is documentation; that it is named is what kubectl checks (`dryRun` and
 * `fieldValidation` on PATCH, before server-side apply and server-side dry run).
 */

import { connectionPaths, logParameters } from "./connections.ts";
import { flag, number, text, type Parameter } from "./parameters.ts";

export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete" | "head" | "options";
  /** Upstream's x-kubernetes-action. */
  readonly action: string;
  /** What its id begins with, before the group; and what follows the group there. */
  readonly verb: string;
  readonly mark?: string;
  readonly parameters: readonly Parameter[];
  readonly body?: Content;
  readonly answer: Content;
  readonly codes: readonly number[];
}

/** What goes in or out: the object of the path, a list of them, what deletes are asked for with, … */
export type Content = "object" | "list" | "delete options" | "patch" | "status" | "event" | "text" | "stream";

const selecting = [
  text("continue"),
  text("fieldSelector"),
  text("labelSelector"),
  number("limit"),
  text("resourceVersion"),
  text("resourceVersionMatch"),
  flag("sendInitialEvents"),
  number("timeoutSeconds"),
];
const watching = [flag("allowWatchBookmarks"), ...selecting, flag("watch")];
const writing = [text("dryRun"), text("fieldManager"), text("fieldValidation")];
const deleting = [
  text("dryRun"),
  number("gracePeriodSeconds"),
  flag("orphanDependents"),
  text("propagationPolicy"),
];

const operations = {
  list: { method: "get", action: "list", verb: "list", parameters: watching, answer: "list", codes: [200] },
  create: {
    ...{ method: "post", action: "post", verb: "create", parameters: writing },
    ...{ body: "object", answer: "object", codes: [200, 201, 202] },
  },
  deletecollection: {
    ...{ method: "delete", action: "deletecollection", verb: "delete", mark: "Collection" },
    ...{ parameters: [...selecting, ...deleting], body: "delete options", answer: "status", codes: [200] },
  },
  get: { method: "get", action: "get", verb: "read", parameters: [], answer: "object", codes: [200] },
  update: {
    ...{ method: "put", action: "put", verb: "replace", parameters: writing },
    ...{ body: "object", answer: "object", codes: [200, 201] },
  },
  patch: {
    ...{ method: "patch", action: "patch", verb: "patch", parameters: [...writing, flag("force")] },
    ...{ body: "patch", answer: "object", codes: [200, 201] },
  },
  delete: {
    ...{ method: "delete", action: "delete", verb: "delete", parameters: deleting },
    ...{ body: "delete options", answer: "status", codes: [200, 202] },
  },
} as const satisfies Record<string, Operation>;

const customOperations: Readonly<Record<string, Operation>> = {
  get: { ...operations.get, parameters: [text("resourceVersion")] },
  patch: { ...operations.patch, codes: [200] },
};

const watch = { method: "get", verb: "watch", parameters: [], answer: "event", codes: [200] } as const;

export interface Path {
  readonly path: string;
  /** Names in braces in the path. */
  readonly names: readonly string[];
  readonly operations: readonly Operation[];
  /** What the ids of its operations end with, after the kind. */
  readonly suffix: string;
  /** Of all its operations. */
  readonly parameters: readonly Parameter[];
}

export interface Routed {
  /** `/api/v1` or `/apis/apps/v1`. */
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** A delete is answered with what was deleted. */
  readonly returnsDeleted?: boolean | undefined;
  readonly isCustom: boolean;
}

const pretty = [text("pretty")];

/** Collection and object paths of a resource. */
export function pathsOf(routed: Routed): Path[] {
  const { root, plural, namespaced } = routed;
  const pick = (...verbs: (keyof typeof operations)[]): Operation[] => operationsOf(routed, verbs);
  const scope = namespaced ? ["namespace"] : [];
  const collection = `${namespaced ? "/namespaces/{namespace}" : ""}/${plural}`;
  const shared = { suffix: "", parameters: pretty };
  const paths: Path[] = [
    {
      ...{ path: root + collection, names: scope, ...shared },
      operations: pick("list", "create", "deletecollection"),
    },
    {
      ...{ path: `${root}${collection}/{name}`, names: ["name", ...scope], ...shared },
      operations: pick("get", "update", "patch", "delete"),
    },
  ];
  const everywhere = "ForAllNamespaces";
  if (namespaced)
    paths.push({
      ...{ path: `${root}/${plural}`, names: [], operations: pick("list"), ...shared },
      suffix: everywhere,
    });
  return [...paths, ...watchPaths(routed, collection)].filter((path) => path.operations.length > 0);
}

/** The old way to watch, which upstream describes for what is built in. */
function watchPaths({ root, plural, namespaced, verbs, isCustom }: Routed, collection: string): Path[] {
  if (isCustom || !verbs.includes("watch")) return [];
  const scope = namespaced ? ["namespace"] : [];
  const path = (place: string, names: readonly string[], suffix: string): Path => ({
    ...{ path: `${root}/watch${place}`, names, suffix, parameters: [...watching, ...pretty] },
    operations: [{ ...watch, action: suffix ? "watchlist" : "watch" }],
  });
  return [
    path(collection, scope, "List"),
    ...(verbs.includes("get") ? [path(`${collection}/{name}`, ["name", ...scope], "")] : []),
    ...(namespaced ? [path(`/${plural}`, [], "ListForAllNamespaces")] : []),
  ];
}

/** The paths of a subresource of one object, whose body is a `kind`. */
export function subresourcePaths(
  routed: Routed,
  name: string,
  { kind, verbs }: { readonly kind: string; readonly verbs: readonly string[] },
): Path[] {
  const { root, plural, namespaced } = routed;
  const place: Path = {
    path: `${root}${namespaced ? "/namespaces/{namespace}" : ""}/${plural}/{name}/${name}`,
    names: namespaced ? ["name", "namespace"] : ["name"],
    suffix: name.charAt(0).toUpperCase() + name.slice(1),
    operations: operationsOf({ ...routed, verbs }, ["create", "get", "update", "patch", "delete"]),
    parameters: pretty,
  };
  if (name === "log")
    return [
      {
        ...place,
        operations: place.operations.map((operation) => ({ ...operation, answer: "text" })),
        parameters: [...pretty, ...logParameters],
      },
    ];
  return connectionPaths(place, kind) ?? [place];
}

function operationsOf(
  { verbs, returnsDeleted, isCustom }: Pick<Routed, "verbs" | "returnsDeleted" | "isCustom">,
  wanted: readonly (keyof typeof operations)[],
): Operation[] {
  return wanted
    .filter((verb) => verbs.includes(verb))
    .map((verb): Operation => {
      if (verb === "delete" && returnsDeleted) return { ...operations.delete, answer: "object" };
      return (isCustom && customOperations[verb]) || operations[verb];
    });
}
