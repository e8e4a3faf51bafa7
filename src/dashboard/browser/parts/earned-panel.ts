/** What each generator earned with each kind of move, and what an accepted improvement cost. */
import { h, type JSX } from 'preact';
import type { MoveEarned, TargetEarned } from '../../../domain/api/campaigns.ts';
import { type EarnedSum, earnedText, perAcceptedText, usdPerAccepted } from '../../../domain/text/earned-text.ts';
import { dollars, grouped, times } from '../../../domain/text/units.ts';
import { empty, name } from './elements.ts';
import { TablePanel } from './table-panel.ts';
import type { Column } from './virtual-table.ts';

const SUM_COLUMNS: readonly Column<EarnedSum>[] = [
  { title: 'Asked', isNumber: true, cell: ({ asked }) => grouped(asked), text: ({ asked }) => asked },
  { title: 'Accepted', isNumber: true, cell: ({ accepted }) => grouped(accepted), text: ({ accepted }) => accepted },
  { title: 'Gain', isNumber: true, cell: ({ gain }) => times(gain), text: ({ gain }) => gain },
  { title: 'Money', isNumber: true, cell: ({ usd }) => dollars(usd), text: ({ usd }) => usd },
  { title: 'An accepted one', isNumber: true, cell: (row) => perAcceptedText(row), text: (row) => usdPerAccepted(row) },
];

const EARNED_COLUMNS: readonly Column<MoveEarned>[] = [
  { title: 'Generator', cell: ({ generator }) => name(generator, 24), text: ({ generator }) => generator },
  { title: 'Move', cell: ({ move }) => move, text: ({ move }) => move },
  ...SUM_COLUMNS,
];

const TARGET_COLUMNS: readonly Column<TargetEarned>[] = [
  { title: 'Problem', cell: ({ problem }) => name(problem, 24), text: ({ problem }) => problem },
  { title: 'Device', cell: ({ device }) => name(device, 16), text: ({ device }) => device },
  ...SUM_COLUMNS,
];

/** Of several problems: where the next questions go. */
export const TargetEarnedPanel = ({ earned }: { readonly earned: readonly TargetEarned[] }): JSX.Element =>
  h(TablePanel<TargetEarned>, {
    title: 'What was earned on each problem',
    note: grouped(earned.length),
    file: 'earned-on.csv',
    columns: TARGET_COLUMNS,
    rows: earned,
    keyOf: ({ problem, device }) => `${problem} ${device}`,
    whenEmpty: empty('Nobody was asked yet.'),
  });

/** What the next questions are given by, where the campaign learns its mix. */
export const EarnedPanel = ({ earned }: { readonly earned: readonly MoveEarned[] }): JSX.Element =>
  h(TablePanel<MoveEarned>, {
    title: 'What moves earned',
    note: earnedText(earned) ?? '',
    file: 'earned.csv',
    columns: EARNED_COLUMNS,
    rows: earned,
    keyOf: ({ generator, move }) => `${move} ${generator}`,
    whenEmpty: empty('Nobody was asked yet.'),
  });
