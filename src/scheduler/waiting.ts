/**
 * What waits in a group: a line for each submitter and priority, oldest first, and the lines in the order of the device time that their submitters were
 * given (fair-share.ts). A line that is held stays here and is passed over.
 */
import { Heap, type HeapNode, nodeOf } from './heap.ts';
import type { Entry, Level } from './state.ts';

const isOlder = (a: Entry, b: Entry): boolean =>
  a.task.queuedAtMs === b.task.queuedAtMs ? a.sequence < b.sequence : a.task.queuedAtMs < b.task.queuedAtMs;

export class Line {
  readonly level: Level;
  readonly isConfirming: boolean;
  readonly owner: Waiting;
  readonly entries = new Heap<Entry>(isOlder);
  /** Among the lines; in no heap while it is held or empty. */
  readonly node: HeapNode<Line> = nodeOf(this);

  constructor(level: Level, isConfirming: boolean, owner: Waiting) {
    this.level = level;
    this.isConfirming = isConfirming;
    this.owner = owner;
  }
}

export class Waiting {
  readonly #lines = new Map<Level, Line>();
  readonly #confirming = new Map<Level, Line>();
  readonly #order = new Heap<Line>(isLineBefore);
  #size = 0;

  /** Those of held lines too. */
  get size(): number {
    return this.#size;
  }

  /** Whose turn it is; none where all that waits is held. */
  peek(): Entry | undefined {
    return this.#order.peek()?.entries.peek();
  }

  push(entry: Entry): void {
    const line = this.#lineOf(entry);
    line.entries.push(entry.order);
    this.#size += 1;
    this.resort(line);
  }

  remove(entry: Entry): void {
    const lines = this.#linesFor(entry);
    const line = lines.get(entry.level);
    if (!line || entry.order.at < 0) return;
    line.entries.remove(entry.order);
    this.#size -= 1;
    if (line.entries.size > 0) return this.resort(line);
    this.#order.remove(line.node);
    lines.delete(entry.level);
    entry.level.lines.delete(line);
  }

  /** After its submitter was given device time, was held, or goes on. */
  resort(line: Line): void {
    if (line.level.share.isHeld || line.entries.size === 0) this.#order.remove(line.node);
    else this.#order.update(line.node);
  }

  has(entry: Entry): boolean {
    return this.#linesFor(entry).get(entry.level)?.entries.at(entry.order.at) === entry;
  }

  lines(): readonly Line[] {
    return [...this.#lines.values(), ...this.#confirming.values()];
  }

  /** In no particular order. */
  entries(): readonly Entry[] {
    return this.lines().flatMap(entriesOf);
  }

  #linesFor({ confirm }: Entry): Map<Level, Line> {
    return confirm ? this.#confirming : this.#lines;
  }

  #lineOf(entry: Entry): Line {
    const lines = this.#linesFor(entry);
    const known = lines.get(entry.level);
    if (known) return known;
    const line = new Line(entry.level, entry.confirm !== null, this);
    lines.set(entry.level, line);
    entry.level.lines.add(line);
    return line;
  }
}

const entriesOf = ({ entries }: Line): readonly Entry[] =>
  Array.from({ length: entries.size }, (_, at) => entries.at(at)).filter((entry) => entry !== undefined);

/** Oldest first. */
export const inOrder = (line: Line): readonly Entry[] => entriesOf(line).toSorted((a, b) => (isOlder(a, b) ? -1 : 1));

const rankOf = ({ isConfirming, level }: Line): number => (isConfirming ? 0 : level.priority);

/** Confirmations first, then by priority, the device time given, time and arrival. Of one class only. */
const isLineBefore = (a: Line, b: Line): boolean => {
  const left = rankOf(a);
  const right = rankOf(b);
  if (left !== right) return left < right;
  if (a.level.given !== b.level.given) return a.level.given < b.level.given;
  const first = a.entries.peek();
  const other = b.entries.peek();
  return first !== undefined && other !== undefined && isOlder(first, other);
};

/** The same of two first entries, of two groups. */
export const isNext = (a: Entry, b: Entry): boolean => {
  const left = a.confirm ? 0 : a.level.priority;
  const right = b.confirm ? 0 : b.level.priority;
  if (left !== right) return left < right;
  return a.level.given === b.level.given ? isOlder(a, b) : a.level.given < b.level.given;
};
