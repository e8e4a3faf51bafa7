/** The little Markdown that the readmes of problems use, as elements: what is not understood stays text. */
import { h, type ComponentChildren, type JSX } from 'preact';

export const Markdown = ({ text }: { readonly text: string }): JSX.Element =>
  h('div', { class: 'prose' }, blocksOf(text.split(/\r?\n/u)));

const FENCE = /^\s*```/u;
const HEADING = /^(#{1,3})\s+(.*)$/u;
const ITEM = /^\s*[-*]\s+(.*)$/u;
const ROW = /^\s*\|(.*)\|\s*$/u;

const blocksOf = (lines: readonly string[]): readonly JSX.Element[] => {
  const out: JSX.Element[] = [];
  let at = 0;
  const take = (isPart: (line: string) => boolean): readonly string[] => {
    const from = at;
    while (at < lines.length && isPart(lines[at] ?? '')) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const heading = HEADING.exec(line);
    if (line.trim() === '') {
      at += 1;
    } else if (FENCE.test(line)) {
      at += 1;
      out.push(h('pre', { tabIndex: 0 }, take((next) => !FENCE.test(next)).join('\n')));
      at += 1;
    } else if (heading) {
      at += 1;
      out.push(h(heading[1] === '###' ? 'h4' : 'h3', null, inline(heading[2] ?? '')));
    } else if (ROW.test(line)) {
      out.push(tableOf(take((next) => ROW.test(next))));
    } else if (ITEM.test(line)) {
      out.push(
        h(
          'ul',
          null,
          itemsOf(take((next) => next.trim() !== '')).map((item, key) => h('li', { key }, inline(item))),
        ),
      );
    } else {
      out.push(
        h(
          'p',
          null,
          inline(take((next) => next.trim() !== '' && !FENCE.test(next) && !HEADING.test(next) && !ITEM.test(next)).join(' ')),
        ),
      );
    }
  }
  return out;
};

/** A line that begins no item goes on with the one before. */
const itemsOf = (lines: readonly string[]): readonly string[] => {
  const items: string[] = [];
  for (const line of lines) {
    const item = ITEM.exec(line)?.[1];
    if (item !== undefined || items.length === 0) items.push(item ?? line);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return items;
};

const tableOf = (lines: readonly string[]): JSX.Element => {
  const rows = lines.map((line) => (ROW.exec(line)?.[1] ?? '').split('|').map((cell) => cell.trim()));
  const [head = [], ...rest] = rows;
  const body = rest.filter((row) => !row.every((cell) => /^:?-+:?$/u.test(cell)));
  return h(
    'div',
    { class: 'scroll', tabIndex: 0 },
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          head.map((cell, key) => h('th', { key, scope: 'col' }, inline(cell))),
        ),
      ),
      h(
        'tbody',
        null,
        body.map((row, index) =>
          h(
            'tr',
            { key: index },
            row.map((cell, key) => h('td', { key }, inline(cell))),
          ),
        ),
      ),
    ),
  );
};

/** Code and strong words. Links show their text: a page does not lead out of the daemon. */
const inline = (text: string): ComponentChildren =>
  text
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/gu, '$1')
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/u)
    .map((part, key) => {
      if (part.startsWith('`') && part.endsWith('`') && part.length > 1) return h('code', { key }, part.slice(1, -1));
      if (part.startsWith('**') && part.endsWith('**') && part.length > 4) return h('strong', { key }, part.slice(2, -2));
      return part;
    });
