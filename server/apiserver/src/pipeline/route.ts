/**
 * The path grammar of the Kubernetes API, parsed once: which verb on which resource a request is. Everything after this reads the
 * parts; nobody looks at the URL again. The rules are those of upstream's RequestInfo, which authorizers and audit depend on:
 *
 *     GET    /api/v1/namespaces/default/pods            list pods in default
 *     GET    /api/v1/namespaces/default/pods?watch=1    watch the same
 *     GET    /apis/apps/v1/namespaces/a/deployments/b/scale   get deployments/scale
 *     GET    /api/v1/watch/pods                         watch, the old way
 *     DELETE /api/v1/namespaces/default/pods            deletecollection
 *     GET    /healthz                                   no resource; the verb is the method
 */

export interface Route {
  readonly path: string;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource: the path for a proxy. */
  readonly rest: string;
  /** Parts after group and version, without namespace: what has more or fewer than the grammar knows is no path of ours. */
  readonly depth: number;
}

const methodVerbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** What stands in a path where a subresource of a namespace does, rather than a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

/** `query` is asked for `watch` and `fieldSelector` alone. */
export function routeOf(method: string, path: string, query: URLSearchParams): Route {
  const parts = partsOf(path);
  const prefix = parts[0];
  const skip = prefix === "api" ? 2 : prefix === "apis" ? 3 : 0;
  if (skip === 0 || parts.length <= skip) return nonResource(method, path);

  const [group, version] = skip === 2 ? ["", parts[1]!] : [parts[1]!, parts[2]!];
  let rest = parts.slice(skip);
  let verb = methodVerbs[method] ?? "";
  let special = false;
  if (rest[0] === "watch" || rest[0] === "proxy") {
    if (rest.length < 2) return nonResource(method, path);
    verb = rest[0];
    special = true;
    rest = rest.slice(1);
  }
  let namespace = "";
  if (rest[0] === "namespaces" && rest.length > 1) {
    namespace = rest[1]!;
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2]!)) rest = rest.slice(2);
  }
  let name = rest[1] ?? "";
  const subresource = special ? "" : (rest[2] ?? "");
  if (name === "" && verb === "get") {
    verb = isTrue(query.get("watch")) ? "watch" : "list";
    name = nameSelected(query.get("fieldSelector") ?? undefined);
  } else if (name === "" && verb === "delete") {
    verb = "deletecollection";
  }
  return {
    path,
    verb,
    isResource: true,
    group,
    version,
    namespace,
    resource: rest[0]!,
    name,
    subresource,
    rest: tail(path, rest),
    depth: rest.length,
  };
}

/** What is between slashes, however many of these there are. */
function partsOf(path: string): string[] {
  const parts = path.slice(1).split("/");
  return path[0] === "/" && !parts.includes("") ? parts : path.split("/").filter((part) => part !== "");
}

function nonResource(method: string, path: string): Route {
  const nothing = {
    group: "",
    version: "",
    namespace: "",
    resource: "",
    name: "",
    subresource: "",
    rest: "",
  };
  return { ...nothing, path, verb: method.toLowerCase(), isResource: false, depth: 0 };
}

/** As Go reads booleans in queries; what is no boolean is false, and `watch` without value is true. */
function isTrue(value: string | null): boolean {
  return value !== null && !["false", "0", "f", "F", "FALSE", "False"].includes(value);
}

/** Watching one object by field selector is authorized like reading that object. */
export function nameSelected(selector: string | undefined): string {
  if (!selector) return "";
  for (const term of selector.split(",")) {
    const match = /^metadata\.name==?([^=!]+)$/.exec(term);
    if (match) return match[1]!;
  }
  return "";
}

/** The path after the subresource, with its slashes as they came. */
function tail(path: string, parts: readonly string[]): string {
  if (parts.length <= 3) return parts.length === 3 && path.endsWith("/") ? "/" : "";
  const marker = `/${parts[0]}/${parts[1]}/${parts[2]}`;
  return path.slice(path.indexOf(marker) + marker.length);
}
