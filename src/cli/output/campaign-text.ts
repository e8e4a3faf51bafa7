/** What campaigns do and found, for people. Pure. */
import type { CampaignView, GeneratorList } from '../../domain/api/campaigns.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { type EarnedSum, earnedText, perAcceptedText } from '../../domain/text/earned-text.ts';
import { batchesText } from '../../domain/text/batches-text.ts';
import { bottlenecksText, proposalsText } from '../../domain/text/proposals-text.ts';
import { recalledText } from '../../domain/text/recalled-text.ts';
import { spentParts } from '../../domain/text/spent.ts';
import { dollars, grouped, seconds, times } from '../../domain/text/units.ts';
import { fields, table } from './table.ts';

const right = 'right' as const;

/** One line for each; the empty string for none. */
export const campaignTable = (campaigns: readonly CampaignView[]): string =>
  table(
    [
      { title: 'CAMPAIGN', isId: true },
      { title: 'NAME' },
      { title: 'STATE' },
      { title: 'THINKING', align: right },
      { title: 'WAITING', align: right },
      { title: 'JUDGED', align: right },
      { title: 'USED', isExtra: true },
      { title: 'BEST' },
      { title: 'NOW' },
    ],
    campaigns.map((view) => [
      view.id,
      view.spec.name,
      view.status,
      `${view.thinking}/${view.spec.agents}`,
      String(view.waitingForVerdict),
      grouped(view.generations.judged),
      spentParts(view)[0] ?? '',
      bestLine(view),
      view.reason ?? view.activity,
    ]),
  );

/** "softmax 2.50x, rmsnorm 1.10x": of each target that has one. */
const bestLine = ({ best, spec }: CampaignView): string =>
  best
    .flatMap((target) => {
      const name = spec.devices.length > 1 ? `${target.problem}/${target.device}` : target.problem;
      return target.best === null ? [] : [`${name} ${times(target.best.speedup)}`];
    })
    .join(', ');

/** Everything about one, in some lines. */
export const campaignText = (view: CampaignView): string =>
  [summary(view), bestTable(view), targetTable(view), earnedTable(view)].filter((part) => part !== '').join('\n\n');

const summary = (view: CampaignView): string => {
  const { spec, usage, generations } = view;
  const read = usage.inputTokens + usage.cacheWriteTokens + usage.cacheReadTokens;
  return fields([
    ['campaign', spec.name === '' ? view.id : `${view.id}  ${spec.name}`],
    ['status', view.reason === null ? view.status : `${view.status}: ${view.reason}`],
    ['problems', `${spec.problems.join(', ')} on ${spec.devices.join(', ')}`],
    ['generators', spec.generators.map(({ name, share }) => (share === 1 ? name : `${name}=${share}`)).join(', ') || null],
    ['agents', `${view.thinking} of ${spec.agents} think, ${view.waitingForVerdict} wait for a verdict`],
    ['now', view.status === 'running' ? view.activity : null],
    ['batches', batchesText(view)],
    ['used', `${spentParts(view).join(', ')} (running for ${seconds(view.spent.minutes * 60)})`],
    ['tokens', read + usage.outputTokens === 0 ? null : tokensText(view)],
    ['generations', countsText(generations)],
    ['recalled', recalledText(view)],
    ['improved', earnedText(view.earned)],
    ['ideas', proposalsText(view)],
    ['limited by', bottlenecksText(view)],
    ['verdicts', countsText(view.byVerdict) || null],
    ['no candidate', countsText(view.byFailure) || null],
  ]);
};

const tokensText = ({ usage }: CampaignView): string =>
  `${grouped(usage.inputTokens)} in, ${grouped(usage.cacheReadTokens)} from the cache, ${grouped(usage.cacheWriteTokens)} to the cache, ${grouped(usage.outputTokens)} out`;

const countsText = (counts: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(counts)
    .flatMap(([name, count = 0]) => (count > 0 ? [`${grouped(count)} ${name}`] : []))
    .join(', ');

const bestTable = ({ best }: CampaignView): string =>
  table(
    [
      { title: 'PROBLEM' },
      { title: 'DEVICE' },
      { title: 'START', align: right },
      { title: 'BEST', align: right },
      { title: 'STEPS', align: right },
      { title: 'CANDIDATE', isId: true },
      { title: 'GENERATOR' },
      { title: 'IDEA' },
    ],
    best.map(({ problem, device, best: found, startSpeedup }) => [
      problem,
      device,
      startSpeedup === null ? '-' : times(startSpeedup),
      ...(found === null
        ? ['-', '-', '', '', '']
        : [times(found.speedup), String(found.lineage.length), found.candidateId, found.generator, found.idea]),
    ]),
  );

const EARNED_TITLES = [
  { title: 'ASKED', align: right },
  { title: 'JUDGED', align: right },
  { title: 'ACCEPTED', align: right },
  { title: 'GAIN', align: right },
  { title: 'USED', align: right },
  { title: '$/ACCEPTED', align: right },
];

const earnedCells = (row: EarnedSum): readonly string[] => [
  grouped(row.asked),
  grouped(row.judged),
  grouped(row.accepted),
  times(row.gain),
  dollars(row.usd),
  perAcceptedText(row),
];

/** Where there are several. */
const targetTable = ({ earnedOn = [] }: CampaignView): string =>
  earnedOn.length === 0
    ? ''
    : table(
        [{ title: 'PROBLEM' }, { title: 'DEVICE' }, ...EARNED_TITLES],
        earnedOn.map((row) => [row.problem, row.device, ...earnedCells(row)]),
      );

const earnedTable = ({ earned = [] }: CampaignView): string =>
  earned.length === 0
    ? ''
    : table(
        [{ title: 'GENERATOR' }, { title: 'MOVE' }, ...EARNED_TITLES],
        earned.map((row) => [row.generator, row.move, ...earnedCells(row)]),
      );

/** The same in one line, for output that is no terminal. */
export const campaignLine = (view: CampaignView): string =>
  plainLine(
    [
      `${grouped(view.generations.judged)} judged`,
      spentParts(view).join(', '),
      bestLine(view),
      view.status === 'running' ? view.activity : view.status,
    ]
      .filter((part) => part !== '')
      .join('; '),
    400,
  );

export const generatorsText = ({ generators }: GeneratorList): string =>
  table(
    [{ title: 'GENERATOR' }, { title: 'KIND' }, { title: 'DEFAULT' }, { title: 'STATE' }],
    generators.map(({ name, kind, isDefault, unavailable }) => [name, kind, isDefault ? 'yes' : '', unavailable ?? 'ready']),
  );
