/** Progress of long work: a bar that redraws on a terminal, a line now and then elsewhere. Always on standard error. */

const BAR_CHARS = 30;
const REDRAW_MS = 100;
const LINE_MS = 3000;

interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  update(done: number, text: string): void;
  /** Prints a lasting line above the bar. */
  line(text: string): void;
  /** Removes the bar. */
  end(): void;
}

interface Options {
  readonly sink: Sink;
  readonly total: number;
  /** Without a terminal: print a line every few seconds, or nothing at all. */
  readonly lines: 'some' | 'none';
  readonly now?: () => number;
}

export const createProgress = ({ sink, total, lines, now = () => performance.now() }: Options): Progress => {
  const isTerminal = sink.isTTY === true;
  const everyMs = isTerminal ? REDRAW_MS : LINE_MS;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = (): void => {
    if (drawn) sink.write('\r\u001b[K');
    drawn = false;
  };
  return {
    update: (done, text) => {
      if ((!isTerminal && lines === 'none') || (done < total && now() - last < everyMs)) return;
      last = now();
      if (!isTerminal) {
        sink.write(`${done}/${total}  ${text}\n`);
        return;
      }
      clear();
      sink.write(barLine({ done, total, text }, sink.columns || 80));
      drawn = true;
    },
    line: (text) => {
      clear();
      sink.write(`${text}\n`);
    },
    end: clear,
  };
};

/** Never as wide as the terminal: a wrapped line could not be redrawn. */
export const barLine = (
  state: { readonly done: number; readonly total: number; readonly text: string },
  columns: number,
): string => {
  const { done, total, text } = state;
  const filled = total === 0 ? BAR_CHARS : Math.min(BAR_CHARS, Math.floor((BAR_CHARS * done) / total));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CHARS - filled)}] ${done}/${total}  ${text}`.slice(0, Math.max(1, columns - 1));
};
