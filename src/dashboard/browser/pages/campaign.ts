/** One campaign: what the agents did, what of it worked, how the best came about, and what it cost. */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CampaignView } from '../../../domain/api/campaigns.ts';
import type { Generation } from '../../../domain/campaign/campaign.ts';
import { batchesText } from '../../../domain/text/batches-text.ts';
import { bottlenecksText, proposalsText } from '../../../domain/text/proposals-text.ts';
import { recalledText } from '../../../domain/text/recalled-text.ts';
import { spentParts } from '../../../domain/text/spent.ts';
import { dollars, grouped, milliseconds, percent, times } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { lineageOf, type LineageNode } from '../../model/lineage.ts';
import { type Group, tallyBy } from '../../model/generation-tally.ts';
import { ask } from '../live/api.ts';
import { maySteer } from '../live/caller.ts';
import { IS_SHARED } from '../live/share.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Action } from '../parts/action.ts';
import {
  badge,
  candidateLink,
  CopyButton,
  empty,
  failure,
  fields,
  loading,
  name,
  Panel,
  problemLink,
  tile,
} from '../parts/elements.ts';
import { EarnedPanel, TargetEarnedPanel } from '../parts/earned-panel.ts';
import { ShareMenu } from '../parts/share-menu.ts';
import { TablePanel } from '../parts/table-panel.ts';
import { type Column, CsvButton, VirtualTable } from '../parts/virtual-table.ts';
import { CAMPAIGN_TONES } from './campaigns.ts';

const PAGE = 1000;
const GENERATIONS_MAX = 20_000;

export const CampaignPage = ({ id }: { readonly id: string }): JSX.Element => {
  const campaign = useAnswer(`campaign ${id}`, () => ask('GET', '/v1/campaigns/:id', { params: { id } }), {
    on: ({ type }) => type === 'campaign.changed' || type === 'candidate.done',
    pauseMs: 2000,
    everyMs: 10_000,
  });
  const generations = useAnswer(`generations ${id}`, async () => allGenerations(id), {
    on: ({ type }) => type === 'candidate.done',
    pauseMs: 5000,
  });
  if (campaign.data === null)
    return h('div', { class: 'page' }, h('h1', null, 'Campaign'), campaign.error ? failure(campaign.error) : loading());
  const view = campaign.data;
  const { status, reason, activity } = view;
  const list = generations.data ?? [];
  return h(
    'div',
    { class: 'page' },
    h(Title, { campaign: view, onSteered: campaign.again }),
    h(
      'div',
      { class: `notice ${status === 'running' ? 'info' : ''}`, role: 'status' },
      h('p', null, plainLine(reason ?? activity, 600)),
    ),
    h(Tiles, { campaign: view }),
    h(
      'div',
      { class: 'columns' },
      h(
        'div',
        { class: 'stack' },
        view.best.map((best) => h(LineagePanel, { key: `${best.problem} ${best.device}`, best, list })),
        h(Budget, { campaign: view }),
      ),
      h(
        'div',
        { class: 'stack' },
        view.earnedOn ? h(TargetEarnedPanel, { earned: view.earnedOn }) : null,
        h(EarnedPanel, { earned: view.earned ?? [] }),
        h(MovesPanel, { title: 'Moves', list, of: ({ move }: Generation) => move }),
        h(MovesPanel, { title: 'Islands', list, of: ({ island }: Generation) => `island ${island}` }),
        h(MovesPanel, { title: 'Generators', list, of: ({ generator }: Generation) => generator }),
      ),
    ),
    h(
      Panel,
      {
        title: 'Generations',
        isFlush: true,
        note: grouped(list.length),
        actions: h(CsvButton<Generation>, { file: `${view.id}.csv`, columns: COLUMNS, rows: list }),
      },
      generations.error
        ? failure(generations.error)
        : list.length === 0
          ? empty('Nothing was asked of a generator yet.')
          : h(VirtualTable<Generation>, {
              caption: 'Generations, newest first',
              columns: COLUMNS,
              rows: list.toReversed(),
              keyOf: ({ id: key }) => key,
            }),
    ),
  );
};

const Title = ({ campaign, onSteered }: { readonly campaign: CampaignView; readonly onSteered: () => void }): JSX.Element => {
  const { id, spec, status } = campaign;
  return h(
    'div',
    { class: 'title' },
    h('h1', null, spec.name === '' ? id : name(spec.name)),
    badge(status, CAMPAIGN_TONES[status]),
    h(
      'span',
      { class: 'sub' },
      spec.problems.map((problem, index) => [index === 0 ? '' : ', ', problemLink(problem)]),
      ` on ${spec.devices.join(', ')}`,
    ),
    h(
      'div',
      { class: 'end' },
      h(Steering, { campaign, onDone: onSteered }),
      h(ShareMenu, null),
      h('a', { class: 'button', href: `/v1/campaigns/${id}/report`, download: `${id}.md` }, 'Report'),
    ),
  );
};

const Tiles = ({ campaign }: { readonly campaign: CampaignView }): JSX.Element => {
  const { best: bests, spec, spent, usage, thinking, waitingForVerdict } = campaign;
  return h(
    'dl',
    { class: 'tiles' },
    ...bests
      .slice(0, 3)
      .map(({ problem, device, best, startSpeedup }) =>
        tile(
          `Best of ${problem}, ${device}`,
          best === null ? '–' : times(best.speedup),
          startSpeedup === null ? '' : `from ${times(startSpeedup)}`,
        ),
      ),
    tile('Money', dollars(spent.usd), spent.reservedUsd > 0 ? `${dollars(spent.reservedUsd)} reserved` : 'nothing reserved'),
    tile('Device time', `${spent.gpuMinutes.toFixed(2)} min`, `${grouped(spent.candidates)} candidates`),
    tile(
      'Tokens',
      grouped(usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens),
      `${grouped(usage.outputTokens)} written`,
    ),
    tile('Agents', `${thinking} of ${spec.agents}`, `${waitingForVerdict} wait for a verdict`),
  );
};

const allGenerations = async (id: string): Promise<readonly Generation[]> => {
  const all: Generation[] = [];
  for (let after = 0; all.length < GENERATIONS_MAX; ) {
    const { generations } = await ask('GET', '/v1/campaigns/:id/generations', { params: { id }, query: { after, limit: PAGE } });
    all.push(...generations);
    if (generations.length < PAGE) break;
    after = generations.at(-1)?.number ?? after + PAGE;
  }
  return all;
};

const Steering = ({
  campaign: { id, status, submitter },
  onDone,
}: {
  readonly campaign: CampaignView;
  readonly onDone: () => void;
}): JSX.Element | null => {
  if (status === 'finished' || status === 'stopped' || !maySteer(submitter)) return null;
  const params = { id };
  return h(
    'span',
    { class: 'row' },
    status === 'running'
      ? h(Action, {
          label: 'Pause',
          run: async () => ask('POST', '/v1/campaigns/:id/pause', { params }).then(() => 'paused'),
          onDone,
        })
      : h(Action, {
          label: 'Resume',
          run: async () => ask('POST', '/v1/campaigns/:id/resume', { params }).then(() => 'goes on'),
          onDone,
        }),
    h(Action, {
      label: 'Stop for good',
      run: async () => ask('POST', '/v1/campaigns/:id/stop', { params }).then(() => 'stopped'),
      onDone,
    }),
  );
};

const Budget = ({ campaign }: { readonly campaign: CampaignView }): JSX.Element =>
  h(
    Panel,
    { title: 'Budget and what became of the answers' },
    fields([
      ['Spent', spentParts(campaign).join(' · ')],
      [
        'Verdicts',
        Object.entries(campaign.byVerdict)
          .map(([verdict, count]) => `${grouped(count)} ${verdict}`)
          .join(', '),
      ],
      [
        'No candidate',
        Object.entries(campaign.byFailure)
          .map(([kind, count]) => `${grouped(count)} ${kind}`)
          .join(', '),
      ],
      ...(campaign.proposals
        ? [['Ideas', proposalsText(campaign) ?? ''] as const, ['Limited by', bottlenecksText(campaign) ?? ''] as const]
        : []),
      ...(campaign.batches ? [['Batches', batchesText(campaign) ?? ''] as const] : []),
      ['Submitter', campaign.submitter],
      ['Mix', campaign.spec.mix],
      ['Told of earlier campaigns', recalledText(campaign) ?? 'nothing'],
      ['Seed', String(campaign.spec.seed)],
    ]),
  );

interface LineageProps {
  readonly best: CampaignView['best'][number];
  readonly list: readonly Generation[];
}

/** From each starting point to what descends from it; the way to the best is open. */
const LineagePanel = ({ best: { problem, device, best }, list }: LineageProps): JSX.Element => {
  const onPath = new Set<string>(best?.lineage ?? []);
  const roots = lineageOf(
    list.filter((generation) => generation.problem === problem && generation.device === device),
    onPath,
  );
  return h(
    Panel,
    {
      title: `Lineage: ${problem} on ${device}`,
      note:
        best === null ? 'nothing has passed yet' : `best ${times(best.speedup)}: ${plainLine(best.idea || best.generator, 80)}`,
      ...(best === null || IS_SHARED ? {} : { actions: h(BestSource, { id: best.candidateId }) }),
    },
    roots.length === 0
      ? empty('No candidate was judged yet.')
      : h(
          'ul',
          { class: 'tree' },
          roots.map((node) => h(TreeNode, { key: node.id, node, onPath })),
        ),
  );
};

const BestSource = ({ id }: { readonly id: string }): JSX.Element => {
  const { data } = useAnswer(`source ${id}`, () => ask('GET', '/v1/candidates/:id/source', { params: { id } }));
  return h(
    'span',
    { class: 'row' },
    data === null ? null : h(CopyButton, { text: data, label: 'Copy the best source' }),
    h('a', { class: 'button', href: `/candidates/${id}?tab=source` }, 'Show it'),
  );
};

const CHILDREN_SHOWN = 12;

const TreeNode = ({ node, onPath }: { readonly node: LineageNode; readonly onPath: ReadonlySet<string> }): JSX.Element => {
  const isOnPath = onPath.has(node.id);
  const [isOpen, setOpen] = useState(isOnPath);
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? node.children : node.children.slice(0, CHILDREN_SHOWN);
  return h(
    'li',
    { class: isOnPath ? 'on-path' : '' },
    h(
      'span',
      { class: 'node' },
      node.children.length === 0
        ? h('span', { class: 'leaf' })
        : h(
            'button',
            { type: 'button', class: 'quiet', 'aria-expanded': isOpen, onClick: () => setOpen(!isOpen) },
            `${isOpen ? '▾' : '▸'} ${node.children.length}`,
          ),
      candidateLink(node.id),
      h('span', { class: 'num' }, node.speedup === null ? h('span', { class: 'soft' }, node.verdict) : times(node.speedup)),
      h('span', { class: 'soft small' }, `${node.move}${node.idea === '' ? '' : `: ${plainLine(node.idea, 70)}`}`),
    ),
    isOpen && node.children.length > 0
      ? h(
          'ul',
          null,
          shown.map((child) => h(TreeNode, { key: child.id, node: child, onPath })),
          shown.length < node.children.length
            ? h(
                'li',
                null,
                h(
                  'button',
                  { type: 'button', class: 'quiet', onClick: () => setWhole(true) },
                  `${node.children.length - shown.length} more`,
                ),
              )
            : null,
        )
      : null,
  );
};

interface MovesProps {
  readonly title: string;
  readonly list: readonly Generation[];
  readonly of: (generation: Generation) => string;
}

/** What of it worked. */
const MovesPanel = ({ title, list, of }: MovesProps): JSX.Element | null => {
  const groups = tallyBy(list, of);
  if (groups.length === 0) return null;
  return h(TablePanel<Group>, {
    title,
    file: `${title.toLowerCase()}.csv`,
    columns: groupColumns(title.slice(0, -1)),
    rows: groups,
    keyOf: ({ key }) => key,
    whenEmpty: empty('Nothing was judged yet.'),
  });
};

const groupColumns = (what: string): readonly Column<Group>[] => [
  { title: what, cell: ({ key }) => name(key, 40), text: ({ key }) => key },
  { title: 'Judged', isNumber: true, cell: ({ judged }) => grouped(judged), text: ({ judged }) => judged },
  {
    title: 'Passed',
    isNumber: true,
    cell: ({ judged, passed }) => (judged === 0 ? '–' : percent(passed / judged)),
    text: ({ passed }) => passed,
  },
  {
    title: 'Better than all before',
    isNumber: true,
    cell: ({ improved }) => grouped(improved),
    text: ({ improved }) => improved,
  },
  { title: 'Records', isNumber: true, cell: ({ records }) => grouped(records), text: ({ records }) => records },
  { title: 'Best', isNumber: true, cell: ({ best }) => (best === null ? '–' : times(best)), text: ({ best }) => best },
];

const COLUMNS: readonly Column<Generation>[] = [
  { title: 'Number', isNumber: true, cell: ({ number }) => number, text: ({ number }) => number },
  { title: 'Problem', room: { percent: 10, leastRem: 6 }, cell: ({ problem }) => name(problem), text: ({ problem }) => problem },
  { title: 'Move', cell: ({ move }) => move, text: ({ move }) => move },
  {
    title: 'State',
    cell: ({ state }) => stateBadge(state),
    text: ({ state }) => (state.status === 'judged' ? state.verdict : state.status === 'failed' ? state.failure : state.status),
  },
  {
    title: 'Candidate',
    cell: ({ state }) => ('candidateId' in state ? candidateLink(state.candidateId) : ''),
    text: ({ state }) => ('candidateId' in state ? state.candidateId : null),
  },
  {
    title: 'Speed-up',
    isNumber: true,
    cell: ({ state }) => (state.status === 'judged' && state.speedup !== null ? times(state.speedup) : ''),
    text: ({ state }) => (state.status === 'judged' ? state.speedup : null),
  },
  {
    title: 'Idea',
    room: { percent: 28, leastRem: 7 },
    cell: ({ idea, state }) => name(state.status === 'failed' ? state.message : idea, 60),
    text: ({ idea }) => idea,
  },
  {
    title: 'Generator',
    room: { percent: 9, leastRem: 6 },
    cell: ({ generator }) => name(generator, 24),
    text: ({ generator }) => generator,
  },
  { title: 'Island', isNumber: true, cell: ({ island }) => island, text: ({ island }) => island },
  { title: 'Cost', isNumber: true, cell: ({ usage }) => dollars(usage.micros / 1e6), text: ({ usage }) => usage.micros / 1e6 },
  {
    title: 'Device time',
    isNumber: true,
    cell: ({ state }) => (state.status === 'judged' && state.deviceMs > 0 ? milliseconds(state.deviceMs) : ''),
    text: ({ state }) => (state.status === 'judged' ? state.deviceMs : null),
  },
];

const stateBadge = (state: Generation['state']): JSX.Element => {
  if (state.status === 'judged')
    return badge(
      state.isRecord ? 'record' : state.verdict,
      state.isRecord ? 'accent' : state.verdict === 'passed' ? 'good' : 'bad',
    );
  return state.status === 'failed' ? badge(state.failure, 'warn') : badge(state.status, 'info');
};
