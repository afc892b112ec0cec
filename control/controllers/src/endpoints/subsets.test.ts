/** Endpoints in their canonical form. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointPort } from "@knarr/kinds/generated/core-v1.ts";
import { subsetsOf, truncated, type Member } from "./subsets.ts";

const http: EndpointPort = { name: "http", port: 80, protocol: "TCP" };
const https: EndpointPort = { name: "https", port: 443, protocol: "TCP" };

function member(ip: string, port: EndpointPort | undefined, ready = true): Member {
  return { address: { ip, targetRef: { uid: ip } as never }, port, ready };
}

const ips = (list: readonly { ip: string }[] | undefined) => (list ?? []).map(({ ip }) => ip);

test("subsetsOf puts addresses with the same ports together", () => {
  const subsets = subsetsOf([
    member("b", http),
    member("a", http),
    member("a", https),
    member("b", https),
    member("c", http),
  ]);
  const texts = subsets.map(
    ({ addresses, ports }) => `${ips(addresses).join("+")} ${ports!.map(({ name }) => name).join("+")}`,
  );
  assert.deepEqual(texts.toSorted(), ["a+b https", "a+b+c http"]);
});

test("subsetsOf shows addresses that are not ready apart, and one that is not ready once as not ready", () => {
  const [subset] = subsetsOf([member("a", http), member("b", http, false), member("a", http, false)]);
  assert.deepEqual([ips(subset!.addresses), ips(subset!.notReadyAddresses)], [[], ["a", "b"]]);
});

test("subsetsOf is the same whatever order members come in", () => {
  const members = [member("a", http), member("b", https), member("c", undefined), member("b", http, false)];
  assert.deepEqual(subsetsOf(members.toReversed()), subsetsOf(members));
});

test("truncated keeps ready addresses, and shares out what is left among the others", () => {
  const many = (count: number, prefix: string, ready: boolean) =>
    Array.from({ length: count }, (_, i) => member(`${prefix}${String(i).padStart(4, "0")}`, http, ready));
  const within = subsetsOf(many(1000, "r", true));
  assert.equal(truncated(within).isCut, false);

  const over = truncated(subsetsOf([...many(900, "r", true), ...many(300, "n", false)]));
  assert.equal(over.isCut, true);
  assert.equal(over.subsets[0]!.addresses!.length, 900);
  assert.equal(over.subsets[0]!.notReadyAddresses!.length, 100);

  const full = truncated(subsetsOf([...many(1500, "r", true), ...many(300, "n", false)]));
  assert.equal(full.subsets[0]!.addresses!.length, 1000);
  assert.equal(full.subsets[0]!.notReadyAddresses, undefined);
});
