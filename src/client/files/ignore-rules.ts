/** What git would ignore: `.gitignore` files of the folder and all below it, the deeper one later; and patterns of the command line. `.git` itself always. */
import ignore, { type Ignore } from 'ignore';

interface Level {
  /** "" or "a/b/". */
  readonly base: string;
  readonly rules: Ignore;
}

export class IgnoreRules {
  readonly #levels: Level[] = [];
  readonly #usesFiles: boolean;

  constructor({ usesFiles, patterns }: { readonly usesFiles: boolean; readonly patterns: readonly string[] }) {
    this.#usesFiles = usesFiles;
    this.#always = ignore({ allowRelativePaths: true }).add([...patterns]);
  }

  readonly #always: Ignore;

  /** A `.gitignore` at `path`. */
  add(path: string, text: string): void {
    if (!this.#usesFiles) return;
    const base = path.slice(0, path.lastIndexOf('/') + 1);
    this.#levels.push({ base, rules: ignore({ allowRelativePaths: true }).add(text) });
    this.#levels.sort((one, two) => one.base.length - two.base.length);
  }

  /** Of something in a folder that is not ignored itself. */
  ignores(path: string, kind: string): boolean {
    const name = kind === 'folder' ? `${path}/` : path;
    if (this.#usesFiles && (path === '.git' || path.endsWith('/.git'))) return true;
    if (this.#always.test(name).ignored) return true;
    let ignored = false;
    for (const { base, rules } of this.#levels) {
      if (!name.startsWith(base) || name === base) continue;
      const result = rules.test(name.slice(base.length));
      if (result.ignored) ignored = true;
      else if (result.unignored) ignored = false;
    }
    return ignored;
  }

  /** Also where a folder above it is ignored. */
  ignoresDeep(path: string, kind: string): boolean {
    const steps = path.split('/');
    const isAbove = steps.slice(0, -1).some((_, at) => this.ignores(steps.slice(0, at + 1).join('/'), 'folder'));
    return isAbove || this.ignores(path, kind);
  }
}
