/** Sources of any length: only the lines that are seen are in the page, with colours that the text cannot influence. */
import { h, type JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { DiffLine } from '../../model/diff-lines.ts';
import { highlightLine, type LineState, lineStates } from '../../model/highlight.ts';
import { plainText } from '../../../platform/printable-text.ts';

const LINE_PX = 20;
const MARGIN_LINES = 20;
const SEEN_AT_FIRST = 60;

interface ViewProps {
  readonly label: string;
  readonly count: number;
  readonly line: (index: number) => JSX.Element;
  /** Scrolled to at first, from 0. */
  readonly target?: number | null;
}

const LinesView = ({ label, count, line, target = null }: ViewProps): JSX.Element => {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ from: 0, to: SEEN_AT_FIRST });
  const look = (): void => {
    const element = box.current;
    if (element === null) return;
    const from = Math.max(0, Math.floor(element.scrollTop / LINE_PX) - MARGIN_LINES);
    const to = Math.ceil((element.scrollTop + element.clientHeight) / LINE_PX) + MARGIN_LINES;
    setSeen((before) => (before.from === from && before.to === to ? before : { from, to }));
  };
  useEffect(() => {
    if (target !== null && box.current) box.current.scrollTop = Math.max(0, (target - 4) * LINE_PX);
    look();
  }, [count, target]);
  const rows: JSX.Element[] = [];
  for (let index = seen.from; index < Math.min(count, seen.to); index += 1) rows.push(line(index));
  return h(
    'div',
    { class: 'code', ref: box, onScroll: look, tabIndex: 0, role: 'region', 'aria-label': label },
    h('div', { class: 'lines', style: { height: `${count * LINE_PX}px` } }, rows),
  );
};

const styleAt = (index: number) => ({ transform: `translateY(${index * LINE_PX}px)` });

/** ANSI, control characters and marks that reorder text are taken out of what is shown; the download has them. */
const shownLines = (text: string): readonly string[] => plainText(text).split('\n');

interface SourceProps {
  readonly text: string;
  readonly language: string;
  /** From 1. */
  readonly targetLine?: number | null;
}

export const SourceView = ({ text, language, targetLine = null }: SourceProps): JSX.Element => {
  const lines = useMemo(() => shownLines(text), [text]);
  const states = useMemo(() => lineStates(lines, language), [lines, language]);
  const line = (index: number): JSX.Element =>
    h(
      'div',
      { class: `line${index + 1 === targetLine ? ' target' : ''}`, key: index, style: styleAt(index) },
      h('span', { class: 'n', 'aria-hidden': true }, index + 1),
      coloured(lines[index] ?? '', states[index] ?? '', language),
    );
  return h(LinesView, { label: 'Source', count: lines.length, line, target: targetLine === null ? null : targetLine - 1 });
};

const coloured = (text: string, state: LineState, language: string): JSX.Element =>
  h(
    'bdi',
    null,
    highlightLine(text, state, language).tokens.map(({ kind, text: part }, key) =>
      kind === 'text' ? part : h('span', { key, class: `t-${kind}` }, part),
    ),
  );

export const DiffView = ({
  lines,
  language,
}: {
  readonly lines: readonly DiffLine[];
  readonly language: string;
}): JSX.Element => {
  const line = (index: number): JSX.Element => {
    const item = lines[index];
    if (item === undefined || item.kind === 'skipped') {
      return h(
        'div',
        { class: 'line skipped', key: index, style: styleAt(index) },
        h('span', { class: 'n' }, '⋯'),
        `${item?.count ?? 0} equal lines`,
      );
    }
    return h(
      'div',
      { class: `line ${item.kind}`, key: index, style: styleAt(index) },
      h('span', { class: 'n n2', 'aria-hidden': true }, item.old ?? ''),
      h('span', { class: 'n n2', 'aria-hidden': true }, item.new ?? ''),
      h('span', { 'aria-label': item.kind === 'same' ? '' : item.kind }, SIGNS[item.kind]),
      coloured(plainText(item.text), '', language),
    );
  };
  return h(LinesView, { label: 'Differences', count: lines.length, line });
};

const SIGNS = { same: '  ', added: '+ ', removed: '− ' } as const;
