/**
 * The thread of a Checkpointer: a connection that copies what is in the write-ahead log by now, and waits for the disk to have it. SQLite itself waits only
 * when it has come to the log's end.
 */

import { fdatasyncSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { FAILED, IDLE, type ThreadData } from "./checkpointer-state.ts";
import { connect } from "./connect.ts";

const { path, file, state } = workerData as ThreadData;
const copy = connect(path).prepare("PRAGMA wal_checkpoint(PASSIVE)");

function become(now: number): void {
  Atomics.store(state, 0, now);
  Atomics.notify(state, 0);
}

parentPort!.on("message", () => {
  try {
    copy.get();
  } catch {
    return become(IDLE); // as if it had not begun; who writes meets the same trouble, and says so
  }
  try {
    fdatasyncSync(file);
    become(IDLE);
  } catch {
    become(FAILED);
  }
});
become(IDLE);
