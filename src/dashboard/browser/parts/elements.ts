/** Small pieces that every page is made of. Text goes in as text: nothing here makes markup of it. */
import { h, type ComponentChildren, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CandidateSummary } from '../../../domain/api/candidates.ts';
import type { Verdict } from '../../../domain/outcome.ts';
import { times } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'accent' | '';

export const badge = (text: string, tone: Tone = '', title?: string): JSX.Element =>
  h('span', { class: `badge ${tone}`, ...(title === undefined ? {} : { title }) }, text);

const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  passed: 'good',
  compile_error: 'bad',
  plan_error: 'bad',
  wrong_answer: 'bad',
  modified_input: 'bad',
  out_of_bounds: 'bad',
  crashed: 'bad',
  timed_out: 'bad',
  contract: 'bad',
  implausible: 'warn',
  cancelled: '',
  infra_failed: 'warn',
};
export const verdictBadge = (verdict: Verdict): JSX.Element => badge(verdict, VERDICT_TONES[verdict]);
export const statusBadge = (status: string, verdict: Verdict | null): JSX.Element =>
  verdict === null ? badge(status, status === 'queued' ? '' : 'info') : verdictBadge(verdict);

/** "1.53x"; of what was stopped early "≈ 0.52x". */
export const speedupCell = ({
  speedup,
  stoppedEarly,
}: Pick<CandidateSummary, 'speedup' | 'stoppedEarly'>): JSX.Element | string => {
  if (speedup === null) return '';
  return stoppedEarly
    ? h('span', { class: 'soft', title: 'stopped early: an estimate' }, `≈ ${times(speedup)}`)
    : h('strong', null, times(speedup));
};

/** Names that people or candidates gave: on one line, without what reorders it. */
export const name = (text: string, charsMax = 60): JSX.Element =>
  h('bdi', { title: plainLine(text, 400) }, plainLine(text, charsMax));

const SHORT_ID = 8;
export const shortId = (id: string): string => id.slice(0, 2 + SHORT_ID);
export const candidateLink = (id: string): JSX.Element =>
  h('a', { href: `/candidates/${id}`, class: 'mono', title: id }, shortId(id));
export const problemLink = (problem: string): JSX.Element =>
  h('a', { href: `/problems/${encodeURIComponent(problem)}` }, name(problem));

interface PanelProps {
  readonly title: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly isFlush?: boolean;
  readonly children?: ComponentChildren;
}

export const Panel = ({ title, note, actions, isFlush = false, children }: PanelProps): JSX.Element =>
  h(
    'section',
    { class: `panel${isFlush ? ' flush' : ''}` },
    h(
      'header',
      null,
      h('h2', null, title),
      note === undefined ? null : h('span', { class: 'soft small' }, note),
      actions === undefined ? null : h('div', { class: 'end' }, actions),
    ),
    children,
  );

export const tile = (label: string, value: ComponentChildren, note: ComponentChildren = ''): JSX.Element =>
  h('div', { class: 'tile' }, h('dt', null, label), h('dd', null, value), h('dd', { class: 'note' }, note));

export const fields = (rows: readonly (readonly [string, ComponentChildren])[]): JSX.Element =>
  h(
    'dl',
    { class: 'fields' },
    rows.flatMap(([label, value]) =>
      value === null || value === undefined || value === '' ? [] : [h('dt', null, label), h('dd', null, value)],
    ),
  );

export const notice = (tone: Tone, text: ComponentChildren, ...rest: readonly ComponentChildren[]): JSX.Element =>
  h('div', { class: `notice ${tone}` }, h('p', null, text), ...rest);

export const empty = (...children: readonly ComponentChildren[]): JSX.Element =>
  h('div', { class: 'empty' }, ...children.map((child) => (typeof child === 'string' ? h('p', null, child) : child)));

export const loading = (): JSX.Element => h('p', { class: 'empty', role: 'status' }, 'Reading…');

/** What went wrong, in the daemon's own words. */
export const failure = (error: Error): JSX.Element =>
  h('div', { class: 'notice bad', role: 'alert' }, h('p', null, error.message));

const COPIED_MS = 1500;

export const CopyButton = ({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): JSX.Element => {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return h(
    'button',
    { type: 'button', class: 'quiet', onClick: () => void copy(), 'aria-live': 'polite' },
    isCopied ? 'Copied' : label,
  );
};

export const Command = ({ text }: { readonly text: string }): JSX.Element =>
  h('span', { class: 'command' }, h('code', null, text), h(CopyButton, { text }));

interface Choice<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly of: readonly (readonly [T, string])[];
  readonly onChoose: (value: T) => void;
}

export const segmented = <T extends string>({ label, value, of, onChoose }: Choice<T>): JSX.Element =>
  h(
    'div',
    { class: 'segmented', role: 'group', 'aria-label': label },
    of.map(([key, text]) =>
      h('button', { type: 'button', key, 'aria-pressed': key === value, onClick: () => onChoose(key) }, text),
    ),
  );

export const select = <T extends string>({ label, value, of, onChoose }: Choice<T>): JSX.Element =>
  h(
    'label',
    null,
    label,
    h(
      'select',
      {
        value,
        onChange: (event: Event) => {
          if (!(event.currentTarget instanceof HTMLSelectElement)) return;
          const chosen = of[event.currentTarget.selectedIndex];
          if (chosen) onChoose(chosen[0]);
        },
      },
      of.map(([key, text]) => h('option', { key, value: key, selected: key === value }, text)),
    ),
  );

/** What may be chosen: anything, and each of the values; also one that the address names already. */
export const optionsOf = (
  values: readonly string[],
  chosen: string | undefined,
  textOf: (value: string) => string = (value) => value,
): readonly (readonly [string, string])[] => [
  ['', 'all'],
  ...[...new Set([...values, ...(chosen === undefined ? [] : [chosen])])].map((value) => [value, textOf(value)] as const),
];

interface TextField {
  readonly label: string;
  readonly value: string;
  /** As it is typed. */
  readonly onType?: (value: string) => void;
  /** Once it is left, or Enter is pressed; without spaces around. */
  readonly onChoose?: (value: string) => void;
  readonly size?: number;
  readonly maxLength?: number;
  readonly placeholder?: string;
  readonly className?: string;
  readonly inputClass?: string;
}

export const textField = ({ label, value, onType, onChoose, className, inputClass, ...rest }: TextField): JSX.Element =>
  h(
    'label',
    className === undefined ? null : { class: className },
    label,
    h('input', {
      type: 'text',
      value,
      ...(inputClass === undefined ? {} : { class: inputClass }),
      ...rest,
      ...(onType === undefined ? {} : { onInput: (event: Event) => onType(writtenIn(event)) }),
      ...(onChoose === undefined ? {} : { onChange: (event: Event) => onChoose(writtenIn(event).trim()) }),
    }),
  );

const writtenIn = ({ currentTarget }: Event): string => (currentTarget instanceof HTMLInputElement ? currentTarget.value : '');

export interface Share {
  readonly name: string;
  readonly part: number;
  readonly className: string;
}

/** Shares of a whole, as a bar that says them. */
export const shareBar = (shares: readonly Share[], label: string): JSX.Element =>
  h(
    'span',
    {
      class: 'bar',
      role: 'img',
      'aria-label': `${label}: ${shares.map((share) => `${share.name} ${Math.round(share.part * 100)} %`).join(', ')}`,
    },
    shares.map(({ name: key, part, className }) =>
      h('i', { key, class: className, style: { width: `${(part * 100).toFixed(1)}%` } }),
    ),
  );

export const legend = (items: readonly (readonly [string, string])[]): JSX.Element =>
  h(
    'div',
    { class: 'legend' },
    items.map(([text, className]) => h('span', { key: text }, h('i', { class: className }), text)),
  );
