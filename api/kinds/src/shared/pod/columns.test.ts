/** What the status column says of pods in all conditions. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { ContainerStatus, Pod, PodStatus } from "../../../generated/core-v1.ts";
import { podColumns } from "./columns.ts";
import { podWith } from "./testing.ts";

const NOW = Date.parse("2026-01-01T01:00:00Z");

interface Case {
  readonly says: string;
  readonly status: PodStatus;
  change?(pod: Pod): void;
  /** Ready, Status, Restarts. */
  readonly cells: readonly [string, string, string];
}

function container(state: object, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name: "main", image: "", imageID: "", ready: false, restartCount: 0, state, ...more };
}

const cases: readonly Case[] = [
  { says: "waits for a node", status: { phase: "Pending" }, cells: ["0/1", "Pending", "0"] },
  {
    says: "runs",
    status: { phase: "Running", containerStatuses: [container({ running: {} }, { ready: true })] },
    cells: ["1/1", "Running", "0"],
  },
  {
    says: "crashes again and again",
    status: {
      phase: "Running",
      containerStatuses: [
        container(
          { waiting: { reason: "CrashLoopBackOff" } },
          { restartCount: 4, lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:58:20Z" } } },
        ),
      ],
    },
    cells: ["0/1", "CrashLoopBackOff", "4 (100s ago)"],
  },
  {
    says: "was killed by a signal",
    status: { phase: "Failed", containerStatuses: [container({ terminated: { exitCode: 137, signal: 9 } })] },
    cells: ["0/1", "Signal:9", "0"],
  },
  {
    says: "is being initialised",
    change: ({ spec }) => (spec!.initContainers = [{ name: "a" }, { name: "b" }]),
    status: {
      phase: "Pending",
      initContainerStatuses: [
        container({ terminated: { exitCode: 0 } }, { name: "a" }),
        container({ running: {} }, { name: "b" }),
      ],
    },
    cells: ["0/1", "Init:1/2", "0"],
  },
  {
    says: "has a sidecar",
    change: ({ spec }) => (spec!.initContainers = [{ name: "side", restartPolicy: "Always" }]),
    status: {
      phase: "Running",
      conditions: [{ type: "Initialized", status: "True" }],
      initContainerStatuses: [
        container({ running: {} }, { name: "side", started: true, ready: true, restartCount: 2 }),
      ],
      containerStatuses: [container({ running: {} }, { ready: true })],
    },
    cells: ["2/2", "Running", "2"],
  },
  {
    says: "is being deleted",
    change: ({ metadata }) => (metadata.deletionTimestamp = "2026-01-01T00:59:00Z"),
    status: { phase: "Running" },
    cells: ["0/1", "Terminating", "0"],
  },
  {
    says: "is on a node that is lost",
    change: ({ metadata }) => (metadata.deletionTimestamp = "2026-01-01T00:59:00Z"),
    status: { phase: "Running", reason: "NodeLost" },
    cells: ["0/1", "Unknown", "0"],
  },
  {
    says: "has one container done and one running",
    change: ({ spec }) => spec!.containers.push({ name: "second" }),
    status: {
      phase: "Running",
      containerStatuses: [
        container({ terminated: { exitCode: 0, reason: "Completed" } }),
        container({ running: {} }, { name: "second", ready: true }),
      ],
    },
    cells: ["1/2", "NotReady", "0"],
  },
];

for (const { says, status, change, cells } of cases)
  test(`podColumns of a pod that ${says}`, () => {
    const pod = podWith();
    pod.status = status;
    change?.(pod);
    const values = podColumns.slice(1, 4).map((column) => column.value(pod, NOW));
    assert.deepEqual(values, cells);
  });
