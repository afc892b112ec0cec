/** What lies in a network. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Network } from "./networks.ts";

const network = (cidr: string): Network => Network.parse(cidr)!;

test("hosts are neither the network nor the broadcast address", () => {
  const small = network("10.9.0.0/30");
  const hosts = ["10.9.0.0", "10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4", "fd00::1"].filter((address) =>
    small.hasHost(address),
  );
  assert.deepEqual(hosts, ["10.9.0.1", "10.9.0.2"]);
  assert.deepEqual(
    ["fd00::", "fd00::1", "fd00::ffff:ffff:ffff:ffff", "fd00:0:0:1::"].map((address) =>
      network("fd00::/64").hasHost(address),
    ),
    [false, true, true, false],
  );
  assert.equal(network("0.0.0.0/0").hasHost("255.255.255.254"), true);
});

test("networks cover and overlap", () => {
  const [wide, narrow, other] = [network("10.0.0.0/8"), network("10.9.0.0/16"), network("11.0.0.0/8")];
  assert.deepEqual(
    [wide.covers(narrow), narrow.covers(wide), wide.covers(wide), wide.covers(other)],
    [true, false, true, false],
  );
  assert.deepEqual([narrow.overlaps(wide), wide.overlaps(other)], [true, false]);
  assert.equal(network("::/0").covers(wide), false);
});

test("addresses are counted from the network's own", () => {
  assert.equal(network("10.9.0.7/16").addressAt(257), "10.9.1.1");
  assert.equal(network("fd00::/64").addressAt(1), "fd00::1");
  assert.equal(Network.parse("10.9.0.0"), undefined);
});
