/**
 * The architecture as data: which package may import which.
 *
 * A package imports only from layers above its own line in this table, never sideways, so components
 * (the last layer but two) meet only through the API, exactly as they would if each ran in its own
 * process. `test/architecture.test.ts` holds every import in the tree to this.
 */
export const layers = [
  { name: "base", packages: ["std"], may: "know nothing of Kubernetes" },
  { name: "languages", packages: ["cel"], may: "know a language, nothing of Kubernetes" },
  { name: "wire", packages: ["streams"], may: "know wire formats, still nothing of Kubernetes' objects" },
  { name: "schema", packages: ["schema"], may: "know which fields the published API has" },
  { name: "machinery", packages: ["machinery"], may: "know what an API object is" },
  { name: "expressions", packages: ["expressions"], may: "know what rules in CEL see of objects" },
  {
    name: "structural",
    packages: ["structural"],
    may: "know what a schema that users bring says of an object",
  },
  { name: "kinds", packages: ["kinds"], may: "know which kinds exist" },
  { name: "client", packages: ["client"], may: "reach a cluster" },
  { name: "libraries", packages: ["store", "cri"], may: "reach a disk or a container runtime" },
  {
    name: "components",
    packages: ["apiserver", "controllers", "scheduler", "agent", "network", "proxy", "dns"],
    may: "run",
  },
  { name: "distro", packages: ["distro"], may: "start everything" },
  { name: "rigs", packages: ["test-cluster"], may: "see components together, for tests" },
] as const;

/** Imports that break the rule, each with the reason and what would end it. Keep this list short. */
export const exceptions: readonly { from: string; to: string; because: string }[] = [];
