/** One look: what happens, and why. */
import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DeviceView, FleetView } from '../../../domain/api/fleet.ts';
import type { QueueView } from '../../../domain/api/queue.ts';
import type { JournalEvent } from '../../../domain/journal.ts';
import { grouped, milliseconds, percent, seconds } from '../../../domain/text/units.ts';
import { ask } from '../live/api.ts';
import { generation, onEvents } from '../live/events.ts';
import { type LiveActivity, useActivity } from '../live/use-activity.ts';
import { useAnswer } from '../live/use-answer.ts';
import { choose, query } from '../live/router.ts';
import { deviceNumber } from '../../model/device-number.ts';
import { FIRST_LIMITS } from '../../model/first-questions.ts';
import { Attention, concernsOf } from '../parts/attention.ts';
import {
  candidateLink,
  empty,
  failure,
  legend,
  loading,
  name,
  Panel,
  problemLink,
  segmented,
  shareBar,
  tile,
} from '../parts/elements.ts';
import { type Lane, Lanes } from '../parts/lanes.ts';
import { RecordFeed } from '../parts/record-feed.ts';
import { TablePanel } from '../parts/table-panel.ts';
import type { Column } from '../parts/virtual-table.ts';

const WINDOWS = [
  ['1', '1 min'],
  ['5', '5 min'],
  ['30', '30 min'],
] as const;
const TICK_MS = 2000;

export const OverviewPage = (): JSX.Element => {
  const minutes = WINDOWS.find(([key]) => key === query.value.get('minutes'))?.[0] ?? '5';
  const fleet = useAnswer('fleet', () => ask('GET', '/v1/fleet'), { on: () => true, pauseMs: TICK_MS, everyMs: 10_000 });
  const queue = useAnswer('queue', () => ask('GET', '/v1/queue'), { on: () => true, pauseMs: TICK_MS, everyMs: 10_000 });
  const problems = useAnswer('problems', () => ask('GET', '/v1/problems'), { on: ({ type }) => type === 'problems.reloaded' });
  const ready = useAnswer('ready', () => ask('GET', '/readyz'), { everyMs: 30_000 });
  const notReady = ready.data !== null && !ready.data.ready ? ready.data.reason : null;
  return h(
    'div',
    { class: 'page' },
    h('h1', { class: 'visually-hidden' }, 'Overview'),
    queue.error ? failure(queue.error) : null,
    h(Attention, { concerns: concernsOf({ fleet: fleet.data, queue: queue.data, problems: problems.data, notReady }) }),
    queue.data === null ? loading() : h(Tiles, { queue: queue.data, fleet: fleet.data }),
    h(DevicesPanel, { key: minutes, fleet: fleet.data, minutes }),
    h(
      'div',
      { class: 'columns' },
      h(
        'div',
        { class: 'stack' },
        queue.data === null ? null : h(QueuePanel, { queue: queue.data }),
        queue.data === null ? null : h(SubmittersPanel, { queue: queue.data }),
      ),
      h('div', { class: 'stack' }, h(RecordFeed, null), h(LatestPanel, null)),
    ),
  );
};

const Tiles = ({ queue, fleet }: { readonly queue: QueueView; readonly fleet: FleetView | null }): JSX.Element => {
  const { stages } = queue;
  const waiting = stages.queued + stages.compiling + stages.ready;
  const devices = (fleet?.hosts ?? []).flatMap((host) => host.devices);
  const working = devices.filter(({ running }) => running !== null).length;
  const gaps = devices.flatMap(({ idleGapMs }) => idleGapMs?.p50 ?? []);
  const hosts = fleet?.hosts ?? [];
  return h(
    'dl',
    { class: 'tiles' },
    tile(
      'Verdicts per second',
      queue.throughputPerSecond.toFixed(queue.throughputPerSecond >= 10 ? 0 : 2),
      'over the last minute',
    ),
    tile('Waiting', grouped(waiting), queue.oldestSeconds === null ? 'nothing waits' : `oldest ${seconds(queue.oldestSeconds)}`),
    tile(
      'Being judged',
      grouped(stages.judging + stages.confirming),
      stages.confirming > 0 ? `${stages.confirming} confirming` : `${stages.compiling} compiling`,
    ),
    tile('Queue empty in', queue.etaSeconds === null ? '–' : seconds(queue.etaSeconds), emptyInNote(queue)),
    tile(
      'Devices at work',
      fleet === null ? '–' : `${working} of ${devices.length}`,
      `${hosts.filter(({ state }) => state === 'connected').length} of ${hosts.length} hosts connected`,
    ),
    tile(
      'Idle gap',
      gaps.length === 0 ? '–' : milliseconds(Math.max(...gaps)),
      gaps.length === 0 ? 'none measured yet' : 'largest median of a device',
    ),
  );
};

const emptyInNote = ({ etaSeconds, byDevice }: QueueView): string => {
  if (etaSeconds !== null) return etaSeconds === 0 ? 'nothing waits or runs' : 'for the slowest class';
  const blocked = byDevice.filter((one) => one.blocked !== null).map(({ device }) => device);
  return blocked.length === 0 ? 'not known yet' : `nothing moves for ${blocked.join(', ')}`;
};

interface DevicesProps {
  readonly fleet: FleetView | null;
  readonly minutes: string;
}

const DevicesPanel = ({ fleet, minutes }: DevicesProps): JSX.Element => {
  const windowMs = Number(minutes) * 60_000;
  const activity = useActivity(windowMs);
  const lanes = (fleet?.hosts ?? []).flatMap((host) => host.devices.map((device) => laneOf(host, device)));
  const window = segmented({
    label: 'Window',
    value: minutes,
    of: WINDOWS,
    onChoose: (value) => choose({ minutes: value === '5' ? null : value }),
  });
  return h(
    Panel,
    {
      title: 'Devices',
      actions: [
        legend([
          ['measuring', 'i-measuring'],
          ['checking', 'i-checking'],
          ['loading', 'i-loading'],
          ['idle with work', 'i-waiting'],
          ['fault', 'i-fault'],
          ['not told yet', 'i-busy'],
        ]),
        window,
      ],
    },
    activity.error ? failure(activity.error) : null,
    lanes.length === 0
      ? empty(fleet === null ? 'Reading…' : 'No device has been seen yet: kiln doctor says what is missing on a host.')
      : h(Lanes, { lanes, activity, windowMs }),
    h(VerdictsLine, { activity, minutes }),
  );
};

const laneOf = (host: FleetView['hosts'][number], device: DeviceView): Lane => {
  const { measuring, checking, loading: loads, idleWithWork } = device.use;
  return {
    deviceId: device.id,
    name: h('span', { title: device.model }, name(host.name, 18), ` ${device.class}${deviceNumber(host, device)}`),
    value: h(
      'span',
      null,
      `${percent(Math.min(1, measuring + checking + loads))} busy`,
      device.idleGapMs === null ? null : h('span', { class: 'gap' }, ` · gap ${milliseconds(device.idleGapMs.p50)}`),
    ),
    isRunning: device.running !== null,
    isOut: device.unavailable !== null,
    summary: `measuring ${percent(measuring)}, checking ${percent(checking)}, loading ${percent(loads)}, idle with work ${percent(idleWithWork)} of the last minute`,
  };
};

/** What became of everything in the window. */
const VerdictsLine = ({
  activity,
  minutes,
}: {
  readonly activity: LiveActivity;
  readonly minutes: string;
}): JSX.Element | null => {
  const counts = [...activity.history.verdicts()].toSorted((a, b) => b[1] - a[1]);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  return h(
    'div',
    { class: 'row small', style: { marginTop: '0.6rem' } },
    h('span', { class: 'soft' }, `${grouped(total)} judgements in ${minutes} min:`),
    counts.map(([verdict, count]) =>
      h('span', { key: verdict, class: `badge ${verdict === 'passed' ? 'good' : 'bad'}` }, `${verdict} ${grouped(count)}`),
    ),
  );
};

type ClassRow = QueueView['byDevice'][number];

const QueuePanel = ({ queue }: { readonly queue: QueueView }): JSX.Element =>
  h(TablePanel<ClassRow>, {
    title: 'Queue by device class',
    file: 'queue-by-class.csv',
    columns: CLASS_COLUMNS,
    rows: queue.byDevice,
    keyOf: ({ device }) => device,
    whenEmpty: empty(
      'Nothing waits, and no device has been seen.',
      h('a', { href: '/submit', class: 'button' }, 'Submit a candidate'),
    ),
  });

const CLASS_COLUMNS: readonly Column<ClassRow>[] = [
  {
    title: 'Class',
    cell: ({ device }) => h('a', { href: `/candidates?device=${encodeURIComponent(device)}&status=queued` }, device),
    text: ({ device }) => device,
  },
  { title: 'Waiting', isNumber: true, cell: ({ waiting }) => grouped(waiting), text: ({ waiting }) => waiting },
  { title: 'Running', isNumber: true, cell: ({ running }) => grouped(running), text: ({ running }) => running },
  { title: 'Devices', isNumber: true, cell: ({ slots }) => slots, text: ({ slots }) => slots },
  {
    title: 'Empty in',
    isNumber: true,
    cell: ({ blocked, etaSeconds, waiting, running }) =>
      blocked !== null
        ? h('span', { class: 'badge warn', title: blocked }, 'waits')
        : etaSeconds === null
          ? '–'
          : waiting + running === 0
            ? h('span', { class: 'soft' }, 'empty')
            : seconds(etaSeconds),
    text: ({ blocked, etaSeconds }) => blocked ?? etaSeconds,
  },
];

type SubmitterRow = QueueView['bySubmitter'][number];
const SUBMITTERS_SEEN = 8;

const SubmittersPanel = ({ queue: { bySubmitter } }: { readonly queue: QueueView }): JSX.Element | null => {
  if (bySubmitter.length === 0) return null;
  const most = Math.max(...bySubmitter.map(({ waiting, running }) => waiting + running));
  return h(TablePanel<SubmitterRow>, {
    title: 'Queue by submitter',
    ...(bySubmitter.length > SUBMITTERS_SEEN ? { note: grouped(bySubmitter.length) } : {}),
    file: 'queue-by-submitter.csv',
    columns: submitterColumns(most),
    rows: bySubmitter,
    keyOf: ({ submitter }) => submitter,
    whenEmpty: empty('Nobody waits.'),
  });
};

const submitterColumns = (most: number): readonly Column<SubmitterRow>[] => [
  {
    title: 'Submitter',
    cell: ({ submitter }) => h('a', { href: `/candidates?submitter=${encodeURIComponent(submitter)}` }, name(submitter, 32)),
    text: ({ submitter }) => submitter,
  },
  { title: 'Waiting', isNumber: true, cell: ({ waiting }) => grouped(waiting), text: ({ waiting }) => waiting },
  { title: 'Running', isNumber: true, cell: ({ running }) => grouped(running), text: ({ running }) => running },
  {
    title: 'Share of the largest',
    cell: ({ submitter, waiting, running }) =>
      shareBar(
        [
          { name: 'running', part: running / most, className: 'i-measuring' },
          { name: 'waiting', part: waiting / most, className: 'i-waiting' },
        ],
        submitter,
      ),
  },
];

const LATEST_MAX = FIRST_LIMITS.verdicts;
const NEWS_TEXT: Readonly<Partial<Record<JournalEvent['type'], string>>> = {
  'host.connected': 'connected',
  'host.lost': 'lost',
  'host.refused': 'refused',
  'host.changed': 'changed',
  'device.changed': 'changed',
  'device.quarantined': 'quarantined',
  'device.returned': 'returned to work',
  'host.held': 'takes no work',
  'host.released': 'takes work again',
  'host.booked': 'booked',
  'host.unbooked': 'booked no more',
  'compiler.quarantined': 'compiles nothing for others',
  'compiler.returned': 'compiles for others again',
  'candidate.requeued': 'put back',
  'candidate.by_answers': 'goes on by its answers',
  'candidate.reopened': 'judged again',
};

/** Verdicts as they come, and what happens to hosts. */
const LatestPanel = (): JSX.Element => {
  const first = useAnswer('latest', () => ask('GET', '/v1/summaries', { query: { status: 'done', limit: LATEST_MAX } }));
  const [events, setEvents] = useState<readonly JournalEvent[]>([]);
  useEffect(
    () =>
      onEvents((batch) => {
        const news = batch.filter(({ type }) => type === 'candidate.done' || NEWS_TEXT[type] !== undefined);
        if (news.length > 0) setEvents((before) => [...news.slice(-LATEST_MAX).toReversed(), ...before].slice(0, LATEST_MAX));
      }),
    [],
  );
  // After a gap the daemon's own list is the whole truth: what was told before it hides what was missed.
  useEffect(() => generation.subscribe(() => setEvents([])), []);
  const known = new Set(events.map(({ candidateId }) => candidateId));
  const earlier = (first.data?.candidates ?? []).filter(({ id }) => !known.has(id)).slice(0, LATEST_MAX - events.length);
  const items = [
    ...events.map((event) => eventItem(event)),
    ...earlier.map(({ id, problem, verdict, finishedAt }) =>
      feedItem(id, finishedAt ?? '', [candidateLink(id), problemLink(problem), verdictText(verdict ?? '')]),
    ),
  ];
  return h(
    Panel,
    { title: 'Latest verdicts and events', actions: h('a', { href: '/candidates', class: 'small' }, 'All candidates') },
    items.length === 0 ? empty('Nothing was judged yet.') : h('ul', { class: 'feed' }, items),
  );
};

const verdictText = (verdict: string): JSX.Element =>
  h('span', { class: `badge ${verdict === 'passed' ? 'good' : verdict === 'cancelled' ? '' : 'bad'}` }, verdict);

const eventItem = ({ sequence, at, type, candidateId, hostId, data }: JournalEvent): JSX.Element => {
  const who = candidateId === null ? h('span', null, hostId ?? '') : candidateLink(candidateId);
  const problem = typeof data['problem'] === 'string' ? problemLink(data['problem']) : h('span', { class: 'soft' }, hostId ?? '');
  const what =
    type === 'candidate.done'
      ? verdictText(String(data['verdict']))
      : h('span', { class: 'badge warn' }, NEWS_TEXT[type] ?? type);
  return feedItem(`e${sequence}`, at, [who, problem, what]);
};

const feedItem = (key: string, at: string, [who, what, result]: readonly [JSX.Element, JSX.Element, JSX.Element]): JSX.Element =>
  h('li', { key }, h('time', { dateTime: at }, at.slice(11, 19)), who, h('span', { class: 'grow' }, what), result);
