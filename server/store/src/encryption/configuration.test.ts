/** What upstream has encrypted is read with upstream's configuration, and is ours after a rotation. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MemoryStore } from "../drivers/memory.ts";
import { foreignKeysOf } from "./configuration.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { KeyFile } from "./key-file.ts";
import { encryptionStatus, rotate } from "./rotation.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-encryption-"));
after(() => rmSync(folder, { recursive: true }));

const KEY = "/registry/secrets/default/a";
const PLAIN = '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a","namespace":"default"}}';
const prefixOf = (resource: string): string => `/registry/${resource}/`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const LONG = base64("0123456789abcdef0123456789abcdef");
const SHORT = base64("0123456789abcdef");

/** Written by the transformers of k8s.io/apiserver 0.36.3, for KEY. */
const written: readonly (readonly [prefix: string, body: string])[] = [
  [
    "aesgcm:v1:g32:",
    "aPgFIMP3x6cUlyCEE+4HoyQT+zn/zu/w3yxT2sWcL7exHMmXlkZi37P6jxeJvz6gQ1iKkU5lWRpiPXY3jqWhkPe/L+qf/qcZMDkBT4SkxOup+U25t1f3bju3RezINFfzbegPSUT/9WJ8nJ2FwQ==",
  ],
  [
    "aesgcm:v1:g16:",
    "XYb9mLOYKItNiYaRHcvyqWbJ2nzousdNA05EJDPM50oIY8jHn9Ihpu5eKeGFLLiVZtIRTvIVx//wa/a/r7xaLSm5qDg5FGkqh58vUPz7692G0k8hqI//4ZSxCo5NEw4XJMps/MOUaTgYBopzaA==",
  ],
  [
    "aescbc:v1:c32:",
    "d797tiC0mqprYjown9AQRh7xURoVJ+ueTIVv8QAWHk+qG9BEMeM9Je9rvVWM8hkjBVNS7J7UKo+oyHmdw7Yg3pC2/5VIDnp7g98HlOq1iV4SWKJ8K6UgFr+eKnFg9KRH2ukfx0uDQjLDgQsKtmy4aQ==",
  ],
  [
    "aescbc:v1:c16:",
    "FrN12D8o1/SghYis+tOhm1LqAywDQmUOVVHn9BQ80qvJ+2oo0I15pDtb9U57vhtutM30hwJdB4tQ6OQYgn+YEfvi1fqEmD9hogJ6koCY12Eqin2iKr/QEMdncBHeaIBssTOlivcU78yZZ+uXxfOU0w==",
  ],
  [
    "secretbox:v1:box:",
    "YL+VJnia0K7kWcV+RK1vRS6fopBsyt5IVUMFzf+64gwC2Y5Ft0Pcr276lMK7w5AiY58NzuFZ6PMPRVH1rx3LuFUpruT6G7R/ZMaeGkU4twLyW6sIzNZb3QyHfYHjcVjyw5e8+0ScBDWB+buO+jWr0mxk1voFNudI1w==",
  ],
];

const configuration = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "EncryptionConfiguration",
  resources: [
    { resources: ["configmaps"], providers: [{ aesgcm: { keys: [{ name: "g32", secret: SHORT }] } }] },
    {
      resources: ["secrets"],
      providers: [
        {
          aesgcm: {
            keys: [
              { name: "g32", secret: LONG },
              { name: "g16", secret: SHORT },
            ],
          },
        },
        {
          aescbc: {
            keys: [
              { name: "c32", secret: LONG },
              { name: "c16", secret: SHORT },
            ],
          },
        },
        { secretbox: { keys: [{ name: "box", secret: LONG }] } },
        { kms: { name: "cloud" } },
        { identity: {} },
      ],
    },
  ],
};

for (const [prefix, body] of written) {
  test(`a value that upstream wrote as ${prefix} is read, and ours after a rotation`, async () => {
    const raw = new MemoryStore();
    await raw.put(KEY, Buffer.concat([Buffer.from(`k8s:enc:${prefix}`), Buffer.from(body, "base64")]), 0);
    await using store = await EncryptedStore.open({
      store: raw,
      keyFile: new KeyFile(join(folder, "secrets.key")),
      prefixes: ["/registry/secrets/"],
      foreignKeys: await foreignKeysOf(configuration, prefixOf),
    });
    assert.equal(Buffer.from((await store.get(KEY))!.value).toString(), PLAIN);
    const [provider, , name] = prefix.split(":");
    assert.deepEqual((await encryptionStatus(store)).foreign, { [`${provider}:${name}`]: 1 });
    assert.equal((await rotate(store)).written, 1);
    assert.deepEqual((await encryptionStatus(store)).foreign, {});
    assert.equal(Buffer.from((await store.get(KEY))!.value).toString(), PLAIN);
  });
}

test("foreignKeysOf takes the key of everything for every key of the store", async () => {
  const providers = [{ identity: {} }, { aesgcm: { keys: [{ name: "k", secret: LONG }] } }];
  const [key, ...more] = await foreignKeysOf({ resources: [{ resources: ["*.*"], providers }] }, prefixOf);
  assert.deepEqual([key!.covers(KEY), key!.provider, more.length], [true, "aesgcm", 0]);
});
