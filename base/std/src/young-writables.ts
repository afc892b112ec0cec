/**
 * Node's writable streams, made so that one that has ended is garbage at once.
 *
 * V8 puts a function that is written where it is assigned to a property among the old objects, in expectation of a method that stays. Node has one
 * such in the state of every Writable, `onwrite`, and it knows its stream. So a stream, the headers it sent and what its listeners hold lived on
 * until the next collection of everything, and each collection of young objects moved them twice: an eighth of all that a request allocates, and nine
 * tenths of the time these collections took, with all requests waiting (docs/performance.md).
 *
 * Here that function is made when it is asked for, which an answer of one piece never does (http2-exchange.ts). A stream that asks gets Node's own.
 */

import { Writable } from "node:stream";

type State = new (
  options: object | undefined,
  stream: Writable | undefined,
  isDuplex: boolean,
) => { onwrite(err?: Error): void };

/** For all streams of this process from now on. False if Node makes them in another way than version 26 does: then nothing has changed. */
export function keepWritablesYoung(): boolean {
  const writable = Writable as unknown as { WritableState?: State };
  const { WritableState } = writable;
  if (WritableState === undefined) return false;
  if (IS_YOUNG in WritableState) return true;
  if (!Object.hasOwn(new WritableState(undefined, undefined, true), "onwrite")) return false;
  writable.WritableState = youngStateOf(WritableState);
  return true;
}

const IS_YOUNG = Symbol("writables are kept young");

function youngStateOf(WritableState: State): State {
  return class extends WritableState {
    static readonly [IS_YOUNG] = true;
    readonly #stream: Writable | undefined;
    #onwrite: ((err?: Error) => void) | undefined;

    constructor(options: object | undefined, stream: Writable | undefined, isDuplex: boolean) {
      super(options, undefined, isDuplex); // whose `onwrite` is then of no stream
      this.#stream = stream;
    }

    // @ts-expect-error: a property there
    override get onwrite(): (err?: Error) => void {
      return (this.#onwrite ??= new WritableState(undefined, this.#stream, true).onwrite);
    }

    /** The parent's constructor sets it, before there is a stream. */
    override set onwrite(_: unknown) {}
  };
}
