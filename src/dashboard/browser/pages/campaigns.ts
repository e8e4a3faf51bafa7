/** All campaigns, with what they found and what they spent. */
import { h, type JSX } from 'preact';
import type { CampaignView } from '../../../domain/api/campaigns.ts';
import { spentParts } from '../../../domain/text/spent.ts';
import { grouped, times } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { badge, Command, empty, failure, loading, name, problemLink, type Tone } from '../parts/elements.ts';

export const CAMPAIGN_TONES: Readonly<Record<CampaignView['status'], Tone>> = {
  running: 'good',
  paused: 'warn',
  finished: '',
  stopped: '',
};

export const CampaignsPage = (): JSX.Element => {
  const { data, error } = useAnswer('campaigns', () => ask('GET', '/v1/campaigns'), {
    on: ({ type }) => type.startsWith('campaign.') || type === 'candidate.done',
    pauseMs: 3000,
    everyMs: 10_000,
  });
  return h(
    'div',
    { class: 'page' },
    h('h1', null, 'Campaigns'),
    error ? failure(error) : null,
    data === null
      ? loading()
      : data.campaigns.length === 0
        ? h(
            'div',
            { class: 'panel' },
            empty(
              'No campaign was started yet. A campaign lets agents write candidates until a budget is used up:',
              h(Command, {
                text: 'kiln campaign start --problem vector_add --device cpu --agents 4 --budget-candidates 8 --watch',
              }),
            ),
          )
        : h(
            'div',
            { class: 'columns' },
            data.campaigns.map((campaign) => card(campaign)),
          ),
  );
};

const card = (campaign: CampaignView): JSX.Element => {
  const { id, spec, status, activity, reason, best, generations } = campaign;
  return h(
    'section',
    { class: 'panel', key: id },
    h(
      'header',
      null,
      h('h2', null, h('a', { href: `/campaigns/${id}` }, spec.name === '' ? h('span', { class: 'mono' }, id) : name(spec.name))),
      badge(status, CAMPAIGN_TONES[status]),
      h('span', { class: 'soft small end' }, `${spec.agents} agents`),
    ),
    h('p', { class: 'small soft' }, plainLine(reason ?? activity, 300)),
    h(
      'ul',
      { class: 'feed' },
      best.map(({ problem, device, best: found, startSpeedup }) =>
        h(
          'li',
          { key: `${problem} ${device}` },
          h('strong', { class: 'num' }, found === null ? '–' : times(found.speedup)),
          h('span', { class: 'grow' }, problemLink(problem), h('span', { class: 'soft' }, ` on ${device}`)),
          startSpeedup === null ? null : h('span', { class: 'soft small' }, `from ${times(startSpeedup)}`),
        ),
      ),
    ),
    h(
      'p',
      { class: 'small' },
      [
        ...spentParts(campaign),
        `${grouped(generations.judged)} judged`,
        `${grouped(generations.failed)} without a candidate`,
      ].join(' · '),
    ),
  );
};
