/** What a fuzz excuses is what upstream's server answers, and so does ours: each excuse is asked of both, over one etcd. */

import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { startBesideUpstream, upstreamMissing as skip, type BesideUpstream } from "../api/beside-upstream.ts";
import { eventually } from "../e2e/eventually.ts";
import { foundations } from "./custom.ts";
import { EXCUSED, SILENT_PORT } from "./excused.ts";

const silent = createServer(() => {}).listen(0, "127.0.0.1");
let rig: BesideUpstream;

before(async () => {
  if (skip) return;
  rig = await startBesideUpstream();
  for (const [collection, object] of foundations.slice(0, 3))
    await rig.upstream.must("POST", collection, object);
  const { port } = silent.address() as AddressInfo;
  for (const [collection, object] of EXCUSED.flatMap(({ given = [] }) => given))
    await eventually(async () => {
      const text = JSON.stringify(object).replaceAll(SILENT_PORT, String(port));
      const { code } = await rig.upstream.send("POST", collection, JSON.parse(text));
      assert.ok(code === 201 || code === 409, `${collection}: ${code}`);
    });
});

after(async () => {
  await rig?.[Symbol.asyncDispose]();
  silent.close();
});

for (const { code, text, request } of EXCUSED)
  test(`${code} ${text.source} is what upstream answers, and Knarr`, { skip }, async () => {
    for (const side of [rig.upstream, rig.knarr])
      await eventually(async () => {
        const reply = await side.ask(request); // what is given is not seen by either at once
        assert.equal(reply.code, code, `${side.name}: ${reply.text}`);
        assert.match(reply.text, text, side.name);
      });
  });
