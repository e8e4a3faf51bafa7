/** A launch plan with plain numbers, case by case. */
import { h, type JSX } from 'preact';
import type { PlanView } from '../../../domain/api/candidates.ts';
import type { ResolvedArg, ResolvedLaunch } from '../../../domain/plan/resolved-plan.ts';
import { bytes, grouped } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { failure, loading, Panel } from './elements.ts';

export const PlanPanel = ({ id }: { readonly id: string }): JSX.Element => {
  const { data, error } = useAnswer(`plan ${id}`, () => ask('GET', '/v1/candidates/:id/plan', { params: { id } }));
  if (error) return failure(error);
  if (data === null) return loading();
  if (data.complaint !== null)
    return h('div', { class: 'notice bad' }, h('p', null, `${data.complaint.field}: ${plainLine(data.complaint.message, 2000)}`));
  return h(Panel, { title: 'Launch plan', note: 'every expression evaluated', isFlush: true }, h(PlanTable, { plan: data }));
};

const HEADS = [
  'Case',
  'Shape',
  'Kernel',
  'Grid',
  'Block',
  'Blocks × threads',
  'Shared',
  'Arguments',
  'Scratch',
  'Symbols',
] as const;

export const PlanTable = ({ plan }: { readonly plan: PlanView }): JSX.Element =>
  h(
    'div',
    { class: 'scroll tall', tabIndex: 0, role: 'region', 'aria-label': 'Launch plan by case' },
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          HEADS.map((title) => h('th', { key: title, scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        null,
        plan.cases.flatMap((item) => item.plan.launches.map((launch, index) => launchRow(item, launch, index))),
      ),
    ),
  );

const launchRow = (
  { name, kind, shape, plan }: PlanView['cases'][number],
  launch: ResolvedLaunch,
  index: number,
): JSX.Element => {
  const { kernel, grid, block, cluster, shared, args } = launch;
  const scratch = Object.entries(plan.scratch).map(([buffer, size]) => `${buffer} ${bytes(size)}`);
  const symbols = (plan.symbols ?? []).map((symbol) => `${symbol.name} = ${nameOf(symbol.value)}`);
  return h(
    'tr',
    { key: `${name} ${index}` },
    h(
      'td',
      { class: 'nowrap' },
      index === 0 ? h('span', null, h('strong', null, name), h('span', { class: 'soft small' }, ` ${kind}`)) : '',
    ),
    h(
      'td',
      { class: 'nowrap' },
      index === 0
        ? h(
            'code',
            null,
            Object.entries(shape)
              .map(([variable, value]) => `${variable}=${value}`)
              .join(' '),
          )
        : '',
    ),
    h('td', null, h('code', null, plainLine(kernel, 80))),
    h('td', { class: 'nowrap' }, grid.join(' × ')),
    h('td', { class: 'nowrap' }, `${block.join(' × ')}${cluster === null ? '' : `, cluster ${cluster.join(' × ')}`}`),
    h('td', { class: 'num' }, `${grouped(product(grid))} × ${grouped(product(block))}`),
    h('td', { class: 'num' }, bytes(shared)),
    h('td', null, h('code', { class: 'small' }, args.map(nameOf).join(', '))),
    h('td', { class: 'nowrap' }, index === 0 ? scratch.join(', ') : ''),
    h('td', null, h('code', { class: 'small' }, index === 0 ? symbols.join(', ') : '')),
  );
};

const nameOf = (arg: ResolvedArg): string => (arg.kind === 'scalar' ? `${arg.value}` : arg.name);

const product = (dimensions: readonly number[]): number => dimensions.reduce((all, one) => all * one, 1);
