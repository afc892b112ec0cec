/**
 * `$(NAME)` in commands, arguments, environment values and sub-paths. `$$` stands for one dollar sign; a reference that is
 * not closed, and a dollar sign before anything else, stay as they are.
 *
 *     expand("$(A) $$(A) $(B) $(", …A=1)   →   "1 $(A) $(B) $("
 */

/** Replaces every reference by what `valueOf` gives for its name. */
export function expand(text: string, valueOf: (name: string) => string): string {
  if (!text.includes("$")) return text;
  let result = "";
  let at = 0;
  for (;;) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0 || dollar === text.length - 1) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    const close = next === "(" ? text.indexOf(")", dollar + 2) : -1;
    if (close >= 0) {
      result += valueOf(text.slice(dollar + 2, close));
      at = close + 1;
    } else if (next === "$") {
      result += "$";
      at = dollar + 2;
    } else {
      result += text.slice(dollar, dollar + 2);
      at = dollar + 2;
    }
  }
}

/** The same with an environment: a name it does not have stays as the reference was written. */
export function expandFrom(text: string, environment: ReadonlyMap<string, string>): string {
  return expand(text, (name) => environment.get(name) ?? `$(${name})`);
}
