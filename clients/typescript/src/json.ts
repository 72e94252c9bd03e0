// JSON with whole numbers of any size: those beyond 2^53 are bigint, in answers and in what is sent.

/** A whole number that JSON.parse would change: 16 digits or more, not part of a longer number. */
const long = /(?<![\d.eE])(?<![eE][+-])\d{16,}(?![\d.eE])/;

/** Returns the value of text. Whole numbers that a number cannot hold exactly are bigint. */
export function parse(text: string): unknown {
  return long.test(text) ? new Parser(text).whole() : JSON.parse(text);
}

/** Returns value as JSON.stringify does, with bigint as whole numbers. undefined is not JSON: it throws a TypeError. */
export function stringify(value: unknown): string {
  const text = written(value, "");
  if (text === undefined) throw new TypeError("the value is not JSON");
  return text;
}

function written(value: unknown, key: string): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if ("toJSON" in value && typeof value.toJSON === "function") return written(value.toJSON(key), key);
  if (Array.isArray(value)) return `[${value.map((item, i) => written(item, String(i)) ?? "null").join(",")}]`;
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return JSON.stringify(value);
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const text = written(member, name);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join(",")}}`;
}

/** Reads JSON that has a long number. Strings and numbers are left to JSON.parse. */
class Parser {
  #at = 0;

  constructor(readonly text: string) {}

  whole(): unknown {
    const value = this.#value();
    if (this.#next() !== undefined) this.#wrong();
    return value;
  }

  /** Returns the next character that is not white space. */
  #next(): string | undefined {
    while (" \t\n\r".includes(this.text[this.#at] ?? "x")) this.#at++;
    return this.text[this.#at];
  }

  #wrong(): never {
    throw new SyntaxError(`not JSON at character ${this.#at}`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #value(): unknown {
    switch (this.#next()) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
    }
    const token = this.#match(/[-+.\w]+/y) ?? this.#wrong();
    const value: unknown = JSON.parse(token);
    return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(token) ? BigInt(token) : value;
  }

  #string(): string {
    const token = this.#match(/"(?:[^"\\]|\\.)*"/y) ?? this.#wrong();
    return JSON.parse(token) as string;
  }

  #array(): unknown[] {
    const list: unknown[] = [];
    this.#at++;
    if (this.#next() === "]") return this.#at++, list;
    for (;;) {
      list.push(this.#value());
      if (this.#comma("]")) return list;
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at++;
    if (this.#next() === "}") return this.#at++, object;
    for (;;) {
      if (this.#next() !== '"') this.#wrong();
      const name = this.#string();
      if (this.#next() !== ":") this.#wrong();
      this.#at++;
      // Not by assignment, for which __proto__ is special.
      Object.defineProperty(object, name, { value: this.#value(), writable: true, enumerable: true, configurable: true });
      if (this.#comma("}")) return object;
    }
  }

  /** Passes a comma, or reports that the list or object ends here. */
  #comma(end: string): boolean {
    const c = this.#next();
    if (c !== "," && c !== end) this.#wrong();
    this.#at++;
    return c === end;
  }
}
