/** Records as they fall. */
import { h, type JSX } from 'preact';
import { times } from '../../../domain/text/units.ts';
import { FIRST_LIMITS } from '../../model/first-questions.ts';
import { ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { candidateLink, empty, name, Panel, problemLink } from './elements.ts';
import { ago } from './time.ts';

export const RecordFeed = (): JSX.Element => {
  const { data } = useAnswer('records', () => ask('GET', '/v1/records', { query: { limit: FIRST_LIMITS.records } }), {
    on: ({ type }) => type === 'candidate.record',
    everyMs: 60_000,
  });
  return h(
    Panel,
    { title: 'Records', note: 'last taken first' },
    data === null || data.records.length === 0
      ? empty('No record has been taken yet.')
      : h(
          'ul',
          { class: 'feed' },
          data.records.map(({ candidateId, problem, deviceModel, speedup, submitter, at }) =>
            h(
              'li',
              { key: `${candidateId} ${at}` },
              h('strong', { class: 'num' }, times(speedup)),
              candidateLink(candidateId),
              h(
                'span',
                { class: 'grow' },
                problemLink(problem),
                h('span', { class: 'soft' }, ' on ', name(deviceModel, 28), ' by ', name(submitter, 24)),
              ),
              h('time', { dateTime: at }, ago(at)),
            ),
          ),
        ),
  );
};
