/** All problems, with who holds the record on each device model. */
import { h, type JSX } from 'preact';
import type { Answer } from '../live/api.ts';
import { ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { candidateLink, empty, failure, loading, name, problemLink } from '../parts/elements.ts';
import { times } from '../../../domain/text/units.ts';

type Problem = Answer<'/v1/problems'>['problems'][number];

export const ProblemsPage = (): JSX.Element => {
  const { data, error } = useAnswer('problems', () => ask('GET', '/v1/problems'));
  return h(
    'div',
    { class: 'page' },
    h('h1', null, 'Problems'),
    error ? failure(error) : null,
    data === null
      ? loading()
      : data.problems.length === 0
        ? empty('There are no problems: each is a folder in kernels/.')
        : h(
            'div',
            { class: 'columns' },
            data.problems.map((problem) => h(ProblemCard, { key: problem.name, problem })),
          ),
  );
};

const ProblemCard = ({ problem: { name: id, title, targets } }: { readonly problem: Problem }): JSX.Element => {
  const { data } = useAnswer(
    `ranking ${id}`,
    () => ask('GET', '/v1/problems/:name/ranking', { params: { name: id }, query: { limit: 1 } }),
    {
      on: ({ type, data: facts }) => type === 'candidate.record' && facts['problem'] === id,
    },
  );
  const models = data?.models ?? [];
  const failed = Object.values(data?.failed ?? {}).reduce((sum, count) => sum + count, 0);
  return h(
    'section',
    { class: 'panel' },
    h(
      'header',
      null,
      h('h2', null, problemLink(id)),
      h('span', { class: 'badge end' }, targets.join(', ')),
      h('span', { class: 'soft whole' }, name(title, 80)),
    ),
    models.length === 0
      ? h(
          'p',
          { class: 'soft' },
          data === null ? 'Reading…' : 'Nothing has passed yet. ',
          data === null ? null : h('a', { href: `/submit?problem=${encodeURIComponent(id)}` }, 'Submit a candidate'),
        )
      : h(
          'ul',
          { class: 'feed' },
          models.map(({ deviceModel, entries: [first] }) =>
            first === undefined
              ? null
              : h(
                  'li',
                  { key: deviceModel },
                  h('strong', { class: 'num' }, times(first.score.speedup)),
                  h(
                    'span',
                    { class: 'grow' },
                    name(deviceModel, 40),
                    h('span', { class: 'soft' }, ' by ', name(first.submitter, 24)),
                  ),
                  first.record ? h('span', { class: 'badge accent' }, 'record') : null,
                  candidateLink(first.candidateId),
                ),
          ),
        ),
    failed > 0 ? h('p', { class: 'soft small' }, `${failed} did not pass`) : null,
  );
};
