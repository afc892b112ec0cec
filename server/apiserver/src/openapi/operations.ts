/**
 * The paths of a resource with their operations, as both versions of OpenAPI list them: which method, which verb, which kind, which
 * query parameters. What a parameter means is documentation; that it is named is what kubectl checks (`dryRun` and
 * `fieldValidation` on PATCH, before server-side apply and server-side dry run).
 */

export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Upstream's x-kubernetes-action. */
  readonly action: string;
  readonly parameters: readonly Parameter[];
  readonly hasBody: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean";
}

const text = (name: string): Parameter => ({ name, type: "string" });
const number = (name: string): Parameter => ({ name, type: "integer" });
const flag = (name: string): Parameter => ({ name, type: "boolean" });

const selecting = [
  flag("allowWatchBookmarks"),
  text("continue"),
  text("fieldSelector"),
  text("labelSelector"),
  number("limit"),
  text("resourceVersion"),
  text("resourceVersionMatch"),
  flag("sendInitialEvents"),
  number("timeoutSeconds"),
  flag("watch"),
];
const writing = [text("dryRun"), text("fieldManager"), text("fieldValidation")];
const deleting = [
  text("dryRun"),
  number("gracePeriodSeconds"),
  flag("orphanDependents"),
  text("propagationPolicy"),
];

const operations = {
  list: { method: "get", action: "list", parameters: selecting, hasBody: false },
  create: { method: "post", action: "post", parameters: writing, hasBody: true },
  deletecollection: {
    method: "delete",
    action: "deletecollection",
    parameters: [...selecting, ...deleting],
    hasBody: true,
  },
  get: { method: "get", action: "get", parameters: [], hasBody: false },
  update: { method: "put", action: "put", parameters: writing, hasBody: true },
  patch: { method: "patch", action: "patch", parameters: [...writing, flag("force")], hasBody: true },
  delete: { method: "delete", action: "delete", parameters: deleting, hasBody: true },
} as const satisfies Record<string, Operation>;

export interface Path {
  readonly path: string;
  /** Names in braces in the path. */
  readonly names: readonly string[];
  readonly operations: readonly Operation[];
}

export interface Routed {
  /** `/api/v1` or `/apis/apps/v1`. */
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** Collection and object paths of a resource. */
export function pathsOf({ root, plural, namespaced, verbs }: Routed): Path[] {
  const pick = (...wanted: (keyof typeof operations)[]): Operation[] =>
    wanted.filter((verb) => verbs.includes(verb)).map((verb) => operations[verb]);
  const collection = `${root}${namespaced ? "/namespaces/{namespace}" : ""}/${plural}`;
  const scope = namespaced ? ["namespace"] : [];
  const paths = [
    { path: collection, names: scope, operations: pick("list", "create", "deletecollection") },
    {
      path: `${collection}/{name}`,
      names: ["name", ...scope],
      operations: pick("get", "update", "patch", "delete"),
    },
    ...(namespaced ? [{ path: `${root}/${plural}`, names: [], operations: pick("list") }] : []),
  ];
  return paths.filter((path) => path.operations.length > 0);
}

/** The path of a subresource of one object. */
export function subresourcePath(routed: Routed, subresource: string, verbs: readonly string[]): Path {
  const { root, plural, namespaced } = routed;
  const names = namespaced ? ["name", "namespace"] : ["name"];
  const found = (Object.keys(operations) as (keyof typeof operations)[]).filter(
    (verb) => verbs.includes(verb) && verb !== "list",
  );
  return {
    path: `${root}${namespaced ? "/namespaces/{namespace}" : ""}/${plural}/{name}/${subresource}`,
    names,
    operations: found.map((verb) => operations[verb]),
  };
}
