/**
 * The few messages of containerd's own services that Knarr uses beside CRI: tasks (exec with real stdin), containers
 * (the process to copy for an exec) and events. Field numbers are those of containerd's API v1, unchanged since 1.0.
 */

import { MessageTable } from "./messages.ts";

export interface Any {
  typeUrl: string;
  value: Buffer;
}

export interface Timestamp {
  seconds: number;
  nanos: number;
}

type Empty = Record<string, never>;
interface ProcessId {
  containerId: string;
  execId: string;
}

export interface Tasks {
  Get: [ProcessId, { process: TaskProcess | null }];
  Start: [ProcessId, { pid: number }];
  Kill: [ProcessId & { signal: number; all: boolean }, Empty];
  Exec: [ExecProcessRequest, Empty];
  ResizePty: [ProcessId & { width: number; height: number }, Empty];
  CloseIO: [ProcessId & { stdin: boolean }, Empty];
  Wait: [ProcessId, { exitStatus: number; exitedAt: Timestamp | null }];
  DeleteProcess: [ProcessId, { exitStatus: number }];
}

export interface TaskProcess {
  containerId: string;
  id: string;
  pid: number;
  status: "UNKNOWN" | "CREATED" | "RUNNING" | "STOPPED" | "PAUSED" | "PAUSING";
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
}

export interface ExecProcessRequest extends ProcessId {
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
  spec: Any | null;
}

export interface Containers {
  Get: [{ id: string }, { container: { id: string; spec: Any | null } | null }];
}

export interface Events {
  Subscribe: [{ filters: string[] }, Envelope];
}

export interface Envelope {
  timestamp: Timestamp | null;
  namespace: string;
  topic: string;
  event: Any | null;
}

/** Fields 1 to 5 of TaskExit; TaskOOM has only the first. `id` differs from `containerId` for an exec'd process. */
export interface TaskExit {
  containerId: string;
  id: string;
  pid: number;
  exitStatus: number;
  exitedAt: Timestamp | null;
}

type FieldRow = [type: string, id: number, rule?: "repeated"];
const message = (fields: Record<string, FieldRow>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [name, { type, id, ...(rule && { rule }) }]),
  ),
});
const processId: Record<string, FieldRow> = { containerId: ["string", 1], execId: ["string", 2] };
const any = ".google.protobuf.Any";
const timestamp = ".google.protobuf.Timestamp";
const empty = ".google.protobuf.Empty";

const tasks = {
  Tasks: {
    methods: {
      Get: { requestType: "ProcessId", responseType: "GetResponse" },
      Start: { requestType: "ProcessId", responseType: "StartResponse" },
      Kill: { requestType: "KillRequest", responseType: empty },
      Exec: { requestType: "ExecProcessRequest", responseType: empty },
      ResizePty: { requestType: "ResizePtyRequest", responseType: empty },
      CloseIO: { requestType: "CloseIORequest", responseType: empty },
      Wait: { requestType: "ProcessId", responseType: "WaitResponse" },
      DeleteProcess: { requestType: "ProcessId", responseType: "DeleteResponse" },
    },
  },
  ProcessId: message(processId),
  KillRequest: message({ ...processId, signal: ["uint32", 3], all: ["bool", 4] }),
  ResizePtyRequest: message({ ...processId, width: ["uint32", 3], height: ["uint32", 4] }),
  CloseIORequest: message({ ...processId, stdin: ["bool", 3] }),
  ExecProcessRequest: message({
    containerId: ["string", 1],
    stdin: ["string", 2],
    stdout: ["string", 3],
    stderr: ["string", 4],
    terminal: ["bool", 5],
    spec: [any, 6],
    execId: ["string", 7],
  }),
  GetResponse: message({ process: ["Process", 1] }),
  StartResponse: message({ pid: ["uint32", 1] }),
  WaitResponse: message({ exitStatus: ["uint32", 1], exitedAt: [timestamp, 2] }),
  DeleteResponse: message({ id: ["string", 1], pid: ["uint32", 2], exitStatus: ["uint32", 3] }),
  Process: message({
    containerId: ["string", 1],
    id: ["string", 2],
    pid: ["uint32", 3],
    status: ["Status", 4],
    stdin: ["string", 5],
    stdout: ["string", 6],
    stderr: ["string", 7],
    terminal: ["bool", 8],
  }),
  Status: { values: { UNKNOWN: 0, CREATED: 1, RUNNING: 2, STOPPED: 3, PAUSED: 4, PAUSING: 5 } },
};

const containers = {
  Containers: { methods: { Get: { requestType: "GetRequest", responseType: "GetResponse" } } },
  GetRequest: message({ id: ["string", 1] }),
  GetResponse: message({ container: ["Container", 1] }),
  Container: message({ id: ["string", 1], spec: [any, 5] }),
};

const events = {
  Events: {
    methods: {
      Subscribe: { requestType: "SubscribeRequest", responseType: "Envelope", responseStream: true },
    },
  },
  SubscribeRequest: message({ filters: ["string", 1, "repeated"] }),
  Envelope: message({
    timestamp: [timestamp, 1],
    namespace: ["string", 2],
    topic: ["string", 3],
    event: [any, 4],
  }),
  TaskExit: message({
    containerId: ["string", 1],
    id: ["string", 2],
    pid: ["uint32", 3],
    exitStatus: ["uint32", 4],
    exitedAt: [timestamp, 5],
  }),
};

const wellKnown = {
  Any: message({ typeUrl: ["string", 1], value: ["bytes", 2] }),
  Timestamp: message({ seconds: ["int64", 1], nanos: ["int32", 2] }),
  Empty: message({}),
};

const service = (nested: object) => ({ nested: { v1: { nested } } });
const table = new MessageTable({
  nested: {
    google: { nested: { protobuf: { nested: wellKnown } } },
    containerd: {
      nested: {
        services: {
          nested: { tasks: service(tasks), containers: service(containers), events: service(events) },
        },
      },
    },
  },
});

export const tasksService = table.methods<Tasks>("containerd.services.tasks.v1.Tasks");
export const containersService = table.methods<Containers>("containerd.services.containers.v1.Containers");
export const eventsService = table.methods<Events>("containerd.services.events.v1.Events");
export const taskExit = table.codec<TaskExit>("containerd.services.events.v1.TaskExit");
