/** What people read when etcd was not reached. The sentences are those that gRPC has said here. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { whyOf } from "./why.ts";

test("whyOf says what is meant, and leaves out what only gRPC's and OpenSSL's authors know", () => {
  const wrapped = (said: string): string =>
    `No connection established. Last error: ${said}. Resolution note: `;
  for (const [details, why] of [
    [wrapped("Error: connect ECONNREFUSED 127.0.0.1:1"), "connect ECONNREFUSED 127.0.0.1:1"],
    [
      wrapped("Failed to connect (2026-11-29T16:38:49.866Z)"),
      "it is no etcd, or one that wants TLS (Failed to connect)",
    ],
    [
      wrapped(
        "405365C5D37F0000:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number 42\n (2026-11-29T16:38:51.747Z)",
      ),
      "it does not take our certificate, or wants one (ssl/tls alert bad certificate)",
    ],
    [
      wrapped(
        "Error: unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca",
      ),
      "its certificate is not of the authority that is trusted (unable to verify the first certificate)",
    ],
    [
      wrapped("Error: Client network socket disconnected before secure TLS connection was established"),
      "it does not speak TLS there (Client network socket disconnected before secure TLS connection was established)",
    ],
    [
      "Name resolution failed for target dns:nohost.invalid:2379",
      "Name resolution failed for target dns:nohost.invalid:2379",
    ],
    [
      "etcdserver: mvcc: required revision has been compacted",
      "etcdserver: mvcc: required revision has been compacted",
    ],
  ] as const)
    assert.equal(whyOf(details), why);
});
