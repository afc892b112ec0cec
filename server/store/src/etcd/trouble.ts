/** etcd's troubles as the store tells them. */

import { OutcomeUnknown, StoreUnavailable } from "../store.ts";
import { EtcdError } from "./connection.ts";

/** What is none of etcd's stays what it is. */
export function unavailable(err: unknown, what: string): Error {
  if (!(err instanceof EtcdError)) return err as Error;
  const { message } = err;
  if (/request is too large|message larger than max/.test(message))
    return new RangeError(`Cannot ${what}: ${message}; etcd's --max-request-bytes says how large it may be`);
  return new StoreUnavailable(`Cannot ${what}: ${message}`, { cause: err });
}

export function unknown(cause: Error, what: string): OutcomeUnknown {
  return new OutcomeUnknown(`Cannot ${what}: ${cause.message}. Whether it has happened is not known`, {
    cause,
  });
}

export function closed(): StoreUnavailable {
  return new StoreUnavailable("The store is closed");
}
