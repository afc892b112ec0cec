/** Steps that mostly need not wait: done at once where they can be, and awaited where they cannot, at the price of a promise only then. */

/** `next` of what `value` is, or comes to. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What `work` comes to, or `failed` makes of what it throws; `done` is called in both cases, when it is over, before `failed`. */
export function settled<T>(
  work: () => T | Promise<T>,
  done: () => void,
  failed: (err: unknown) => T = rethrow,
): T | Promise<T> {
  let result: T | Promise<T>;
  try {
    result = work();
  } catch (err) {
    done();
    return failed(err);
  }
  if (!(result instanceof Promise)) {
    done();
    return result;
  }
  return result.then(
    (value) => {
      done();
      return value;
    },
    (err) => {
      done();
      return failed(err);
    },
  );
}

function rethrow(err: unknown): never {
  throw err;
}
