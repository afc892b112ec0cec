/** Device selectors against a device. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDevice, type Device } from "./device.ts";

const device: Device = {
  driver: "gpu.example.com",
  attributes: {
    model: { string: "a100" },
    cores: { int: 80 },
    "other.example.com/shared": { bool: true },
    driverVersion: { version: "1.2.3-rc1" },
  },
  capacity: { memory: { value: "10Gi" } },
};

const HERE = `device.attributes["gpu.example.com"]`;

const matches = (expression: string): boolean => {
  const compiled = compileDevice(expression);
  assert.equal(compiled.error, undefined);
  return compiled.matches(device);
};

test("compileDevice: attributes and capacities have their types, by domain", () => {
  assert.ok(matches(`device.driver == "gpu.example.com" && ${HERE}.model == "a100" && ${HERE}.cores > 40`));
  assert.ok(matches(`device.attributes["other.example.com"].shared`));
  assert.ok(matches(`${HERE}.driverVersion.isLessThan(semver("1.2.3"))`));
  assert.ok(matches(`device.capacity["gpu.example.com"].memory.compareTo(quantity("8Gi")) > 0`));
  assert.ok(matches(`cel.bind(here, ${HERE}, here.cores == 80 && here.model.startsWith("a"))`));
});

test("compileDevice: a domain that a device does not have is empty", () => {
  assert.equal(matches(`has(device.attributes["none.example.com"].model)`), false);
  assert.equal(matches(`"none.example.com" in device.attributes`), false);
  assert.throws(() => matches(`device.attributes["none.example.com"].model == "a100"`), {
    message: "no such key: model",
  });
});

test("compileDevice wants a yes or no, which may turn out when there is a device", () => {
  assert.equal(
    compileDevice("device.driver").error?.detail,
    "must evaluate to bool or the unknown type, not string",
  );
  assert.throws(() => matches(`${HERE}.cores`), {
    message:
      "CEL result of type int could not be converted to bool: unsupported type conversion from 'int' to bool",
  });
});

test("compileDevice says what an evaluation costs at worst", () => {
  assert.equal(compileDevice(`${HERE}.model == "a100"`).maxCost, 5n);
  assert.equal(compileDevice(`${HERE}.model.matches("a+")`).maxCost, 11n);
  assert.ok(compileDevice("device.attributes.all(a, device.attributes.all(b, a != b))").maxCost < 1_000_000n);
});

test("compileDevice: lists can only be looked into by what is stored", () => {
  const expression = `${HERE}.model.includes("a100")`;
  assert.ok(matches(expression));
  assert.match(compileDevice(expression, { age: "new" }).error!.detail, /undeclared reference to 'includes'/);
});
