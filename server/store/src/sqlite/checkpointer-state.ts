/** What a Checkpointer and its thread share. */

/** The thread is not there, waits, copies, or has copied what the disk did not take. */
export const [ABSENT, IDLE, BUSY, FAILED] = [0, 1, 2, 3];

export interface ThreadData {
  readonly path: string;
  /** The file, open. */
  readonly file: number;
  /** One of the states above, shared. */
  readonly state: Int32Array;
}
