/**
 * Field selectors: `metadata.name=a,status.phase!=Running`. Which fields may be named is the kind's business: the
 * caller checks `terms` and matches with a function from field to value.
 */

export interface FieldTerm {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export class FieldSelector {
  readonly terms: readonly FieldTerm[];

  constructor(terms: readonly FieldTerm[]) {
    this.terms = terms;
  }

  get isEmpty(): boolean {
    return this.terms.length === 0;
  }

  /** `valueOf` gives the empty string for what an object does not have. */
  matches(valueOf: (field: string) => string): boolean {
    for (const { field, operator, value } of this.terms)
      if ((valueOf(field) === value) !== (operator === "=")) return false;
    return true;
  }

  /** The one value that `field` must have, when the selector says so: what an index can look up. */
  exactValue(field: string): string | undefined {
    return this.terms.find((term) => term.field === field && term.operator === "=")?.value;
  }

  toString(): string {
    return this.terms
      .map(({ field, operator, value }) => field + operator + value.replace(/[\\,=]/g, "\\$&"))
      .join(",");
  }
}

export const everyField = new FieldSelector([]);

/** Throws SyntaxError, worded as upstream words it. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === "") return everyField;
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text).sort()) {
    if (part === "") continue;
    const match = /^([^]*?)(!=|==|=)([^]*)$/.exec(part);
    if (!match) throw new SyntaxError(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, field = "", operator, value = ""] = match;
    terms.push({ field, operator: operator === "!=" ? "!=" : "=", value: unescape(value) });
  }
  return new FieldSelector(terms);
}

/** At commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescape(value: string): string {
  const bare = value.replace(/\\[\\,=]/g, "");
  const escape = /\\[^]?/.exec(bare);
  if (escape) throw new SyntaxError(`invalid field selector: invalid escape sequence: ${escape[0]}`);
  const unescaped = /[,=]/.exec(bare);
  if (unescaped)
    throw new SyntaxError(
      `invalid field selector: unescaped character in value: ${unescaped[0].charCodeAt(0)}`,
    );
  return value.replace(/\\([\\,=])/g, "$1");
}
