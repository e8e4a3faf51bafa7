/** The last sweeps. */
import { h, type JSX } from 'preact';
import { grouped, times } from '../../../domain/text/units.ts';
import { type Answer, ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Command, empty, failure, loading, Panel, problemLink, shareBar, shortId } from '../parts/elements.ts';
import { moment } from '../parts/time.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';

type Sweep = Answer<'/v1/sweeps'>['sweeps'][number];

export const SweepsPage = (): JSX.Element => {
  const { data, error } = useAnswer('sweeps', () => ask('GET', '/v1/sweeps'), {
    on: ({ type }) => type === 'sweep.created' || type === 'sweep.changed' || type === 'candidate.done',
    pauseMs: 3000,
  });
  return h(
    'div',
    { class: 'page' },
    h('h1', null, 'Sweeps'),
    error ? failure(error) : null,
    data === null
      ? loading()
      : data.sweeps.length === 0
        ? h(
            'div',
            { class: 'panel' },
            empty(
              'No sweep was made yet. A sweep tries one source with many params:',
              h(Command, { text: 'kiln sweep kernels/vector_add/seeds/2-vectors.c --problem vector_add --watch' }),
            ),
          )
        : h(
            Panel,
            {
              title: 'The last sweeps',
              isFlush: true,
              actions: h(CsvButton<Sweep>, { file: 'sweeps.csv', columns: COLUMNS, rows: data.sweeps }),
            },
            h(VirtualTable<Sweep>, {
              caption: 'Sweeps, newest first',
              columns: COLUMNS,
              rows: data.sweeps,
              keyOf: ({ id }) => id,
            }),
          ),
  );
};

const COLUMNS: readonly Column<Sweep>[] = [
  {
    title: 'Sweep',
    cell: ({ id }) => h('a', { class: 'mono', href: `/sweeps/${id}`, title: id }, shortId(id)),
    text: ({ id }) => id,
  },
  { title: 'Problem', cell: ({ problem }) => problemLink(problem), text: ({ problem }) => problem },
  { title: 'Device', cell: ({ device }) => device, text: ({ device }) => device },
  { title: 'Strategy', cell: ({ strategy }) => strategy ?? '–', text: ({ strategy }) => strategy },
  {
    title: 'State',
    cell: ({ status, reason }) => h('span', { title: reason ?? '' }, status),
    text: ({ status }) => status,
  },
  { title: 'Judged', isNumber: true, cell: ({ done, size }) => `${grouped(done)} of ${grouped(size)}`, text: ({ done }) => done },
  {
    title: 'Progress',
    cell: ({ done, passed, size, id }) =>
      shareBar(
        [
          { name: 'passed', part: passed / Math.max(1, size), className: 'i-measuring' },
          { name: 'did not pass', part: (done - passed) / Math.max(1, size), className: 'i-fault' },
        ],
        id,
      ),
  },
  {
    title: 'Best',
    isNumber: true,
    cell: ({ best }) => (best === null ? '–' : h('strong', null, times(best))),
    text: ({ best }) => best,
  },
  {
    title: 'Created',
    cell: ({ createdAt }) => h('span', { class: 'soft' }, moment(createdAt)),
    text: ({ createdAt }) => createdAt,
  },
];
