/** Where in jobs.toml a position is, as far as completion and help need to know. */
export interface Place {
  /** In a `[header]`, the name of a key, or a value. */
  kind: "header" | "key" | "value";
  /** Of a value: its key's full path. Of a name: the path of the table it stands in. */
  path: string[];
  /** What stands there already, up to the position, and where it begins. */
  word: string;
  from: number;
  /** Within quotes that are still open. */
  quoted: boolean;
  /** Of a value in a list: those before it. `undefined` outside of lists. */
  before: string[] | undefined;
}

const BARE = /[A-Za-z0-9_-]/;
const ENDS_VALUE = /[\s,\]}#]/;

/** The place at the end of `text`; nothing within a comment or where nothing can be named. */
export function placeAt(text: string, position: number): Place | undefined {
  return new Scanner(text.slice(0, position)).file();
}

/** Reads up to the end of the text; each part answers with the place if the text ends within it. */
class Scanner {
  private at = 0;
  private ended = false;

  constructor(private readonly text: string) {}

  file(): Place | undefined {
    let table: string[] = [];
    for (;;) {
      this.skip(/[\s]/);
      if (this.comment()) continue;
      if (this.over) return this.ended ? undefined : this.name("key", table, "");
      if (this.peek === "[") {
        this.skip(/\[/);
        const found = this.dotted("header", []);
        if (!Array.isArray(found)) return found;
        table = found;
        this.skip(/[^\n]/);
        if (this.over) return undefined;
      } else {
        const found = this.entry(table);
        if (found) return found;
        if (this.ended) return undefined;
      }
    }
  }

  private entry(table: string[]): Place | undefined {
    const path = this.dotted("key", table);
    if (!Array.isArray(path)) return path;
    if (this.peek !== "=") {
      // Neither a name nor a value: on with the next line.
      this.skip(/[^\n]/);
      if (this.over) this.ended = true;
      return undefined;
    }
    this.at++;
    return this.value(path, undefined);
  }

  /** A dotted name, as the whole path; or the place, if it is not over. */
  private dotted(kind: "header" | "key", table: string[]): string[] | Place | undefined {
    const path = [...table];
    for (;;) {
      this.skip(/[ \t]/);
      const from = this.at;
      const quote = this.peek === '"' || this.peek === "'" ? this.peek : undefined;
      if (quote) {
        const text = this.quotedText(quote);
        if (this.over && !text.closed) return { ...this.name(kind, path, text.value, from + 1), quoted: true };
        path.push(text.value);
      } else {
        this.skip(BARE);
        const word = this.text.slice(from, this.at);
        if (this.over) return this.name(kind, path, word, from);
        path.push(word);
      }
      this.skip(/[ \t]/);
      // After a name and a space there is nothing to name.
      if (this.over) return this.nowhere();
      if (this.peek !== ".") return path;
      this.at++;
    }
  }

  private value(path: string[], before: string[] | undefined): Place | undefined {
    this.skip(/[ \t]/);
    const from = this.at;
    if (this.over) return { kind: "value", path, word: "", from, quoted: false, before };
    const char = this.peek;
    if (char === '"' || char === "'") {
      const text = this.quotedText(char);
      if (!text.closed) return { kind: "value", path, word: text.value, from: from + 1, quoted: true, before };
      before?.push(text.value);
      return this.over ? this.nowhere() : undefined;
    }
    if (char === "[") return this.list(path);
    if (char === "{") return this.inlineTable(path);
    while (!this.over && !ENDS_VALUE.test(this.peek)) this.at++;
    const word = this.text.slice(from, this.at);
    return this.over ? { kind: "value", path, word, from, quoted: false, before } : undefined;
  }

  private list(path: string[]): Place | undefined {
    const before: string[] = [];
    this.at++;
    for (;;) {
      this.skip(/[\s,]/);
      if (this.comment()) continue;
      if (this.over)
        return this.ended ? undefined : { kind: "value", path, word: "", from: this.at, quoted: false, before };
      if (this.peek === "]") {
        this.at++;
        return this.over ? this.nowhere() : undefined;
      }
      const start = this.at;
      const found = this.value(path, before);
      if (found || this.ended) return found;
      if (this.at === start) this.at++;
    }
  }

  private inlineTable(path: string[]): Place | undefined {
    this.at++;
    for (;;) {
      this.skip(/[\s,]/);
      if (this.comment()) continue;
      if (this.over) return this.ended ? undefined : this.name("key", path, "");
      if (this.peek === "}") {
        this.at++;
        return this.over ? this.nowhere() : undefined;
      }
      const start = this.at;
      const found = this.entry(path);
      if (found || this.ended) return found;
      if (this.at === start) this.at++;
    }
  }

  private quotedText(quote: string): { value: string; closed: boolean } {
    const mark = this.text.startsWith(quote.repeat(3), this.at) ? quote.repeat(3) : quote;
    this.at += mark.length;
    const from = this.at;
    while (!this.over) {
      if (quote === '"' && this.peek === "\\") this.at++;
      else if (this.text.startsWith(mark, this.at)) {
        const value = this.text.slice(from, this.at);
        this.at += mark.length;
        return { value, closed: true };
      } else if (mark.length === 1 && this.peek === "\n") {
        // Forgotten quotes end with their line.
        return { value: this.text.slice(from, this.at), closed: true };
      }
      this.at++;
    }
    return { value: this.text.slice(from), closed: false };
  }

  private comment(): boolean {
    if (this.peek !== "#") return false;
    this.skip(/[^\n]/);
    if (this.over) this.ended = true;
    return true;
  }

  private name(kind: "header" | "key", path: string[], word: string, from = this.at): Place {
    return { kind, path, word, from, quoted: false, before: undefined };
  }

  private nowhere(): undefined {
    this.ended = true;
    return undefined;
  }

  private skip(what: RegExp): void {
    while (!this.over && what.test(this.peek)) this.at++;
  }

  private get over(): boolean {
    return this.at >= this.text.length;
  }

  private get peek(): string {
    return this.text[this.at] ?? "";
  }
}
