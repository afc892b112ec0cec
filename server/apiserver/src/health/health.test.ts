/** The health paths of a server, as probes and people ask them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startSecureServer } from "../testing/secure-server.ts";
import { healthAnswer } from "./health.ts";

test("every check is listed with ?verbose, has a path of its own and can be left out", async () => {
  await using rig = await startSecureServer();
  const get = async (path: string): Promise<[code: number, text: string]> => {
    const { code, body } = await rig.get(path);
    return [code, body.toString()];
  };
  for (const name of ["healthz", "livez", "readyz"]) {
    assert.deepEqual(await get(`/${name}`), [200, "ok"]);
    const [, text] = await get(`/${name}?verbose`);
    assert.ok(text.endsWith(`${name} check passed\n`));
    const checks = [...text.matchAll(/^\[\+\](\S+) ok$/gm)].map(([, check]) => check);
    assert.ok(checks.includes("etcd") && checks.includes("poststarthook/rbac/bootstrap-roles"));
    assert.equal(checks.includes("shutdown"), name === "readyz");
    for (const check of checks) assert.deepEqual(await get(`/${name}/${check}`), [200, "ok"]);
    assert.match((await get(`/${name}?verbose&exclude=etcd`))[1], /^\[\+\]etcd excluded: ok$/m);
    assert.equal((await get(`/${name}/nonsense`))[0], 404);
  }
});

test("a check that fails is named, and says why on its own path alone", () => {
  const checks = [
    { name: "ping", check: () => undefined },
    { name: "etcd", check: () => "the disk is full" },
  ];
  const ask = (path: string): [number, string] => {
    const [bare = "", search] = path.split("?");
    const { code, bytes } = healthAnswer("readyz", checks, {
      route: { path: bare } as never,
      query: new URLSearchParams(search),
    });
    return [code, Buffer.from(bytes!).toString()];
  };
  assert.deepEqual(ask("/readyz"), [
    500,
    "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n",
  ]);
  assert.deepEqual(ask("/readyz/etcd"), [500, "internal server error: the disk is full\n"]);
  assert.deepEqual(ask("/readyz?exclude=etcd"), [200, "ok"]);
});
