/**
 * Mail addresses as Go's net/mail reads them (RFC 5322): `a@b`, `"quoted part"@b`, `Name <a@b>`, comments in parentheses.
 */

export function isMailAddress(text: string): boolean {
  const reader = new Reader(text);
  return reader.address();
}

const ATOM = /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+/uy;
const DOT_ATOM =
  /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+)*/uy;
const QUOTED = /"(?:[^"\\\r\n\u0000-\u0008\u000b-\u001f\u007f]|\\[\t -~\u0080-\u{10ffff}])*"/uy;
const LITERAL = /\[[^[\]\\\r\n]*\]/y;
const SPACE = /[ \t]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** One address and nothing after it. */
  address(): boolean {
    this.#blank();
    const start = this.#at;
    if (this.#spec()) {
      this.#blank();
      if (this.#isAtEnd) return true;
    }
    this.#at = start;
    return this.#named();
  }

  get #isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** `local@domain` */
  #spec(): boolean {
    if (!this.#take(QUOTED) && !this.#take(DOT_ATOM)) return false;
    this.#blank();
    if (!this.#character("@")) return false;
    this.#blank();
    return this.#take(LITERAL) || this.#take(DOT_ATOM);
  }

  /** `Some words <local@domain>`; the words may be none. */
  #named(): boolean {
    for (let more = true; more;) {
      this.#blank();
      more = this.#take(QUOTED) || this.#take(ATOM) || this.#character(".");
    }
    if (!this.#character("<")) return false;
    this.#blank();
    if (!this.#spec()) return false;
    this.#blank();
    if (!this.#character(">")) return false;
    this.#blank();
    return this.#isAtEnd;
  }

  /** Spaces and comments, which nest. */
  #blank(): void {
    this.#take(SPACE);
    while (this.#text[this.#at] === "(") {
      const end = this.#endOfComment();
      if (end < 0) return;
      this.#at = end;
      this.#take(SPACE);
    }
  }

  #endOfComment(): number {
    let depth = 0;
    for (let i = this.#at; i < this.#text.length; i++) {
      const character = this.#text[i];
      if (character === "\\") i++;
      else if (character === "(") depth++;
      else if (character === ")" && --depth === 0) return i + 1;
    }
    return -1;
  }

  #character(wanted: string): boolean {
    if (this.#text[this.#at] !== wanted) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
