import type { Why, WhyDevice } from '../../domain/api/why.ts';
import { seconds } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { table } from './table.ts';

const LINE_MAX = 500;

export const whyText = (why: Why): string =>
  [...lines(why).map((line) => plainLine(line, LINE_MAX)), deviceTable(why)].filter((part) => part !== '').join('\n');

const lines = ({ id, status, summary, todo, position, eta, notes }: Why): readonly string[] => [
  `${id}  ${status}`,
  summary,
  ...(todo === null ? [] : [`to do: ${todo}`]),
  ...(position === null ? [] : [positionText(position)]),
  ...(eta === null ? [] : [`its verdict in about ${seconds(eta.seconds)}: ${eta.how}`]),
  ...notes.map((text) => `also: ${text}`),
];

const positionText = ({ ahead, ofOthers, moreUrgent, isExact }: NonNullable<Why['position']>): string => {
  if (!isExact) return `${ahead} before it, as far as the queue's order says`;
  const parts = [
    ...(ofOthers > 0 ? [`${ofOthers} of other submitters`] : []),
    ...(moreUrgent > 0 ? [`${moreUrgent} more urgent`] : []),
  ];
  return `${ahead} before it${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
};

const deviceTable = ({ devices }: Why): string =>
  devices.length === 0
    ? ''
    : table(
        ['HOST', 'DEVICE', 'CAN TAKE IT', 'BECAUSE'].map((title) => ({ title })),
        devices.map(({ host, device, model, can, reason }) => [
          host,
          device === null ? '?' : `${device} (${model ?? ''})`,
          CAN[can],
          plainLine(reason, LINE_MAX),
        ]),
      );

const CAN: Readonly<Record<WhyDevice['can'], string>> = { takes: 'now', busy: 'in its turn', no: 'no' };
