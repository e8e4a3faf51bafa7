import type { QueueView } from '../../domain/api/queue.ts';
import { table } from './table.ts';
import { seconds } from '../../domain/text/units.ts';

const right = 'right';

/** What waits and runs by device class, and why nothing moves. `title` heads the column of classes. */
export const classTable = ({ byDevice }: QueueView, title: string): string =>
  table(
    [
      { title },
      { title: 'WAITING', align: right },
      { title: 'RUNNING', align: right },
      { title: 'SLOTS', align: right },
      { title: 'ETA', align: right },
      { title: 'BLOCKED' },
    ],
    byDevice.map(({ device, waiting, running, paused, slots, etaSeconds, blocked }) => [
      device,
      String(waiting),
      String(running),
      String(slots),
      etaSeconds === null ? '-' : seconds(etaSeconds),
      [...(blocked === null ? [] : [blocked]), ...(paused === 0 ? [] : [`${paused} paused`])].join('; '),
    ]),
  );
