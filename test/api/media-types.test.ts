/**
 * Media types that upstream does not take by default (CBOR, KEP-4222: off in v1.36) and encodings of bodies, which it does not look at: what is compressed is
 * no JSON; and verbs where there is nothing but to read. Each is asked of Knarr, and of upstream's server beside it where there is one.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  startBesideUpstream,
  upstreamMissing as skip,
  type BesideUpstream,
  type RawRequest,
} from "./beside-upstream.ts";

let rig: BesideUpstream;

before(async () => {
  if (skip) return;
  rig = await startBesideUpstream();
});

after(async () => {
  await rig?.[Symbol.asyncDispose]();
});

const MAPS = "/api/v1/namespaces/default/configmaps";
const plain = Buffer.from('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}');
/** `{"apiVersion": "v1", "kind": "ConfigMap"}` behind the tag that says that it is CBOR. */
const cbor = Buffer.from("d9d9f7a26a61706956657273696f6e627631446b696e6449436f6e6669674d6170", "hex");
const CBOR = ["application/cbor", "application/cbor-seq", "application/apply-patch+cbor"];
const SCALE = "/apis/apps/v1/namespaces/default/deployments/x/scale";
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

const READ = [MAPS, `${MAPS}/none`, "/version", "/api", "/apis", "/apis/apps/v1"];
const WATCH = `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=0`;
const wanted: readonly RawRequest[] = CBOR.flatMap((type) => [
  ...[type, `${type}, application/json;q=0.5`, `${type};as=Table;v=v1;g=meta.k8s.io`].flatMap((accept) =>
    READ.map((path) => ({ method: "GET", path, headers: { accept } })),
  ),
  { method: "GET", path: WATCH, headers: { accept: type } },
]);

const sent: readonly RawRequest[] = CBOR.flatMap((type) =>
  [plain, cbor].flatMap((body) =>
    (
      [
        ["POST", MAPS],
        ["PUT", `${MAPS}/x`],
        ["PATCH", `${MAPS}/x?fieldManager=f`],
        ["DELETE", `${MAPS}/x`],
        ["DELETE", MAPS],
        ["PUT", SCALE],
        ["PATCH", `${SCALE}?fieldManager=f`],
        ["POST", REVIEWS],
      ] as const
    ).map(([method, path]) => ({ method, path, headers: { "content-type": type }, body })),
  ),
);

const encoded: readonly RawRequest[] = ["gzip", "deflate", "br", "identity", "nonsense"].flatMap((encoding) =>
  [plain, gzipSync(plain)].flatMap((body) =>
    (
      [
        ["POST", `${MAPS}?dryRun=All`, "application/json"],
        ["POST", `${MAPS}?dryRun=All`, "application/yaml"],
        ["POST", `${MAPS}?dryRun=All`, "application/vnd.kubernetes.protobuf"],
        ["PUT", `${MAPS}/none?dryRun=All`, "application/json"],
        ["PATCH", `${MAPS}/none?dryRun=All&fieldManager=f`, "application/apply-patch+yaml"],
        ["DELETE", `${MAPS}/none`, "application/json"],
      ] as const
    ).map(([method, path, type]) => ({
      ...{ method, path, body },
      headers: { "content-type": type, "content-encoding": encoding },
    })),
  ),
);

const NO_KIND = [
  "/",
  "/version",
  "/api",
  "/api/v1",
  "/apis",
  "/apis/apps",
  "/apis/apps/v1",
  "/healthz",
  "/openid/v1/jwks",
  "/nowhere",
];
const otherwise: readonly RawRequest[] = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"].flatMap(
  (method) => NO_KIND.map((path) => ({ method, path })),
);

for (const [what, requests] of [
  ["other verbs than GET where no objects are", otherwise],
  ["answers in CBOR", wanted],
  ["bodies in CBOR", sent],
  ["encoded bodies", encoded],
] as const)
  test(`Knarr answers as upstream to ${what}`, { skip }, async () => {
    for (const request of requests) {
      const [ours, theirs] = [await rig.knarr.ask(request), await rig.upstream.ask(request)];
      assert.equal(
        ours.code,
        theirs.code,
        `${request.method} ${request.path} ${JSON.stringify(request.headers)}`,
      );
    }
  });
