/** Which flow requests belong to, by the schemas that every server has. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { flowSchema } from "@knarr/kinds/flowcontrol/flow-schema.ts";
import { startTestServer } from "../testing/server.ts";
import { Classifier, type Classified } from "./classifier.ts";

const request: Classified = {
  user: { name: "u", groups: ["system:authenticated"] },
  verb: "get",
  isResource: true,
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "default",
  path: "",
};
const account = {
  name: "system:serviceaccount:a:b",
  groups: ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"],
};
const kubelet = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };

test("requests belong to the flow that upstream puts them into", async () => {
  await using rig = await startTestServer();
  const classifier = new Classifier(rig.server.world.list(flowSchema));
  for (const [change, schema, distinguisher] of [
    [{}, "global-default", "u"],
    [{ user: { name: "root", groups: ["system:masters", "system:authenticated"] } }, "exempt", ""],
    [{ user: account }, "service-accounts", account.name],
    [{ user: kubelet }, "system-nodes", kubelet.name],
    [
      {
        user: kubelet,
        verb: "update",
        group: "coordination.k8s.io",
        resource: "leases",
        namespace: "kube-node-lease",
      },
      "system-node-high",
      kubelet.name,
    ],
    [{ isResource: false, path: "/healthz", namespace: "" }, "probes", ""],
  ] as const) {
    const flow = classifier.flowOf({ ...request, ...change } as Classified)!;
    assert.deepEqual([flow.schema.metadata!.name, flow.distinguisher], [schema, distinguisher]);
  }
});
