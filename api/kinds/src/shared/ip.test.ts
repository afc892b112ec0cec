/** Addresses and networks: strict for new values, lenient for old, none of this machine or link for endpoints. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FieldErrors } from "@knarr/machinery/field.ts";

import { checkAddress, checkEndpointAddress, checkNetwork, isDualStack } from "./ip.ts";

function messages(check: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors("ip");
  check(errors);
  return errors.list.map(({ message }) => message);
}

test("checkAddress wants strict addresses, but lets stand what was there", () => {
  assert.deepEqual(
    messages((errors) => checkAddress(errors, "10.0.0.1")),
    [],
  );
  assert.deepEqual(
    messages((errors) => checkAddress(errors, "010.0.0.1")),
    ['Invalid value: "010.0.0.1": must not have leading 0s'],
  );
  assert.deepEqual(
    messages((errors) => checkAddress(errors, "010.0.0.1", ["010.0.0.1"])),
    [],
  );
});

test("checkNetwork refuses bits beyond the prefix", () => {
  assert.deepEqual(
    messages((errors) => checkNetwork(errors, "10.0.0.1/24")),
    ['Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length'],
  );
});

const reserved: readonly (readonly [address: string, because: string | undefined])[] = [
  ["10.0.0.1", undefined],
  ["2001:db8::1", undefined],
  ["0.0.0.0", "may not be unspecified (0.0.0.0)"],
  ["::", "may not be unspecified (::)"],
  ["127.1.2.3", "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  ["::1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  ["169.254.0.7", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  ["fe80::1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  ["224.0.0.5", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
  ["ff02::5", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
  ["nonsense", "must be a valid IP address"],
];

for (const [address, because] of reserved)
  test(`checkEndpointAddress on ${address}`, () => {
    const wanted = because ? [`Invalid value: ${JSON.stringify(address)}: ${because}`] : [];
    assert.deepEqual(
      messages((errors) => checkEndpointAddress(errors, address)),
      wanted,
    );
  });

test("isDualStack needs one address of each family", () => {
  assert.equal(isDualStack(["10.0.0.1", "fd00::1"]), true);
  assert.equal(isDualStack(["10.0.0.1", "10.0.0.2"]), false);
});
