/** A container could not be started: `reason` and `message` are for the status, words and all as upstream has them. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly reason: string;
  /** When trying again makes sense; undefined: when something changes, or after a while. */
  readonly retryAt: number | undefined;

  constructor(reason: string, message: string, retryAt?: number, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.retryAt = retryAt;
  }
}
