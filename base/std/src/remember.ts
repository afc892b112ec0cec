/**
 * Functions that remember what they answered, for inputs of which a few come again and again. How many are remembered is bounded, because
 * users decide on most inputs; when there are too many, all are forgotten, which costs less than keeping their order.
 */

/** `answer` must say the same whenever it is asked the same. What it throws is not remembered. */
export function remembering<K, V>(most: number, answer: (input: K) => V): (input: K) => V {
  const known = new Map<K, V>();
  return (input) => {
    const found = known.get(input);
    if (found !== undefined || known.has(input)) return found as V;
    const value = answer(input);
    if (known.size >= most) known.clear();
    known.set(input, value);
    return value;
  };
}
