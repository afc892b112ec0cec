/**
 * What stays in memory of requests that leave nothing: each has a name of its own wherever a server might keep something by name (users, groups,
 * paths, selectors, managers, verbs, agents, hosts). Each sort comes in three storms, so that what is kept in bounds is full after the first; what
 * grows in both others is kept without.
 */

import type { Finding } from "./judge.ts";
import { NAMESPACE } from "./places.ts";
import { get, HERE, patch, post } from "./plain-requests.ts";
import type { FuzzRequest } from "./requests.ts";
import type { Target } from "./target.ts";

/** Less than the smallest entry of a map takes, and more than measuring strays by. */
const MOST_BYTES = 100;
const AT_ONCE = 16;

export const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });

const sorts: readonly ((name: string) => FuzzRequest)[] = [
  (name) => get(`${HERE}/configmaps/${name}`),
  (name) => get(`/api/v1/namespaces/${name}/configmaps`),
  (name) => get(`${HERE}/configmaps?labelSelector=${name}%3Dx`),
  (name) => get(`${HERE}/configmaps?fieldSelector=metadata.name%3D${name}`),
  (name) => get(`${HERE}/pods?limit=1&continue=${name}`),
  (name) => get(`/apis/${name}.example.org/v1/${name}`),
  (name) => get(`/api/v1/${name}/x/${name}`),
  (name) => get(`/${name}`),
  (name) => get(`${HERE}/pods?watch=1&labelSelector=${name}%3Dx&resourceVersion=0&timeoutSeconds=1`),
  (name) => get(`${HERE}/configmaps`, { "impersonate-user": name, "impersonate-group": name }),
  (name) => get(`${HERE}/configmaps`, { authorization: `Bearer ${name}` }),
  (name) => get(`${HERE}/configmaps`, { "user-agent": name, "audit-id": name, "x-forwarded-for": name }),
  (name) => get(`${HERE}/configmaps`, { accept: `application/json;as=${name}` }),
  (name) => ({ method: "OPTIONS", path: `/${name}`, headers: {} }),
  (name) => post(`${HERE}/configmaps?dryRun=All&fieldManager=${name}`, configMap(name)),
  (name) =>
    post(`${HERE}/configmaps?fieldManager=${name}`, {
      ...configMap(name),
      [name]: 1,
      data: { a: 1 },
    }),
  (name) => post(`${HERE}/configmaps?dryRun=All&fieldValidation=Warn`, { ...configMap(name), [name]: 1 }),
  (name) =>
    patch(`${HERE}/configmaps/${name}?dryRun=All&fieldManager=${name}`, "apply-patch+yaml", configMap(name)),
  (name) => post("/apis/authorization.k8s.io/v1/subjectaccessreviews", accessReview(name)),
  (name) => post(`/apis/fuzz.example.org/v1/namespaces/${NAMESPACE}/boats?dryRun=All`, boat(name)),
];

function accessReview(name: string): object {
  const resourceAttributes = { verb: name, resource: name, group: name, namespace: name, name };
  const spec = { user: name, groups: [name], resourceAttributes };
  return { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
}

function boat(name: string): object {
  const spec = { name, cargo: { [name]: name }, tags: ["x"] };
  return {
    apiVersion: "fuzz.example.org/v1",
    kind: "Boat",
    metadata: { name, labels: { [name]: "x" } },
    spec,
  };
}

/** Sorts of which something stays, after storms of so many requests: some thousands, or nothing can be said. */
export async function whatStays(target: Target, requests: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const sort of sorts) {
    await storm(target, requests, (i) => sort(`first-${i}`));
    const before = await heapOf(target);
    await storm(target, requests, (i) => sort(`second-${i}`));
    const between = await heapOf(target);
    await storm(target, requests, (i) => sort(`third-${i}`));
    const grown = Math.min(between - before, (await heapOf(target)) - between) / requests;
    if (grown > MOST_BYTES)
      findings.push({
        what: `${Math.round(grown)} bytes of every request stay in memory`,
        request: sort("x"),
      });
  }
  return findings;
}

async function storm(target: Target, requests: number, request: (i: number) => FuzzRequest): Promise<void> {
  await many(requests, (i) => target.send(request(i)));
}

/** `AT_ONCE` clients, each of which begins another when it has ended one. */
export async function many(count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await one(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

async function heapOf(target: Target): Promise<number> {
  const { heapBytes } = await target.condition({ collects: true });
  return heapBytes!;
}
