/**
 * One lane for each device, on one canvas. Time runs through a ring of columns that is drawn into once, when something finishes; it is copied with
 * another offset when time has come a column further, so that a hundred lanes cost what one does, and a picture that is as before costs nothing.
 */
import { h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { LANE_STATES, type LaneHistory, type Stretch } from '../../model/lane-history.ts';
import { daemonNowMs } from '../live/clock.ts';
import { theme } from '../live/theme.ts';
import type { LiveActivity } from '../live/use-activity.ts';

export interface Lane {
  readonly deviceId: string;
  readonly name: JSX.Element | string;
  /** Beside the lane, and for those who cannot see it. */
  readonly value: JSX.Element;
  readonly isRunning: boolean;
  readonly isOut: boolean;
  readonly summary: string;
}

interface Props {
  readonly lanes: readonly Lane[];
  readonly activity: LiveActivity;
  readonly windowMs: number;
}

const LANE_PX = 24;
const BAR_PX = 16;
const BAR_TOP_PX = (LANE_PX - BAR_PX) / 2;
/** What is this old has been told: answers come a second after what they tell. */
const DELAY_MS = 1500;

export const Lanes = ({ lanes, activity, windowMs }: Props): JSX.Element => {
  const canvas = useRef<HTMLCanvasElement>(null);
  const current = useRef(lanes);
  current.current = lanes;
  const ids = lanes.map(({ deviceId }) => deviceId).join(' ');
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const painter = createPainter(element, { lanes: () => current.current, history: activity.history, windowMs });
    const stopFresh = activity.onFresh(painter.add);
    const stopTheme = theme.subscribe(() => requestAnimationFrame(painter.restart));
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', painter.restart);
    const sizes = new ResizeObserver(painter.restart);
    sizes.observe(element);
    return () => {
      painter.stop();
      stopFresh();
      stopTheme();
      scheme.removeEventListener('change', painter.restart);
      sizes.disconnect();
    };
  }, [ids, windowMs]);
  return h(
    'div',
    null,
    h(
      'div',
      { class: 'lanes', tabIndex: 0, role: 'region', 'aria-label': 'Devices over the last minutes' },
      h('canvas', {
        ref: canvas,
        'aria-hidden': true,
        style: { '--rows': lanes.length, height: `${lanes.length * LANE_PX}px`, gridColumn: 2 },
      }),
      lanes.map(({ deviceId, name, value, summary }, index) => [
        h(
          'div',
          { class: 'lane-name', key: `n${deviceId}`, style: { gridRow: index + 1, gridColumn: 1 } },
          name,
          h('span', { class: 'visually-hidden' }, `: ${summary}`),
        ),
        h('div', { class: 'lane-value', key: `v${deviceId}`, style: { gridRow: index + 1, gridColumn: 3 } }, value),
      ]),
    ),
    h(
      'div',
      { class: 'lane-axis', 'aria-hidden': true },
      h('span', null, `${windowMs / 60_000} min ago`),
      h('span', null, 'now'),
    ),
  );
};

interface Painted {
  readonly lanes: () => readonly Lane[];
  readonly history: LaneHistory;
  readonly windowMs: number;
}

interface Painter {
  readonly add: (fresh: ReadonlyMap<string, readonly Stretch[]>) => void;
  readonly restart: () => void;
  readonly stop: () => void;
}

const createPainter = (canvas: HTMLCanvasElement, { lanes, history, windowMs }: Painted): Painter => {
  const screen = canvas.getContext('2d');
  const ring = document.createElement('canvas');
  const ink = ring.getContext('2d');
  let colours: Readonly<Record<string, string>> = {};
  let columns = 0;
  let ratio = 1;
  /** Columns up to this one are empty or drawn. */
  let head = 0;
  let frame = 0;
  /** What is on the screen: null after a change. */
  let shown: { readonly head: number; readonly lanes: readonly Lane[] } | null = null;

  const columnOf = (ms: number): number => (ms / windowMs) * columns;

  /** At its place in the ring; in two parts where it passes the end. */
  const fill = (row: number, { fromMs, toMs, state }: Stretch): void => {
    if (ink === null) return;
    ink.fillStyle = colours[state] ?? '';
    const from = Math.max(columnOf(fromMs), head - columns + 1);
    const to = Math.min(columnOf(toMs), head + 1);
    if (to <= from) return;
    const at = from % columns;
    const width = Math.max(to - from, 0.2);
    const top = (row * LANE_PX + BAR_TOP_PX) * ratio;
    ink.fillRect(at, top, Math.min(width, columns - at), BAR_PX * ratio);
    if (at + width > columns) ink.fillRect(0, top, at + width - columns, BAR_PX * ratio);
  };

  const advance = (): void => {
    const next = Math.floor(columnOf(daemonNowMs() - DELAY_MS));
    const count = Math.min(columns, next - head);
    for (let step = 1; step <= count; step += 1) ink?.clearRect((next - count + step) % columns, 0, 1, ring.height);
    head = Math.max(head, next);
  };

  const paint = (): void => {
    frame = requestAnimationFrame(paint);
    if (screen === null || columns === 0) return;
    advance();
    const rows = lanes();
    if (shown?.head === head && shown.lanes === rows) return;
    shown = { head, lanes: rows };
    screen.clearRect(0, 0, canvas.width, canvas.height);
    rows.forEach(({ deviceId, isRunning, isOut }, row) => {
      const top = (row * LANE_PX + BAR_TOP_PX) * ratio;
      screen.fillStyle = colours['idle'] ?? '';
      screen.fillRect(0, top, columns, BAR_PX * ratio);
      if (!isRunning && !isOut) return;
      screen.fillStyle = colours[isOut ? 'fault' : 'busy'] ?? '';
      const since = isOut ? columns - 3 * ratio : columns - (head - columnOf(history.lastEndMs(deviceId) ?? 0));
      screen.fillRect(Math.max(0, since), top, columns, BAR_PX * ratio);
    });
    const offset = (head + 1) % columns;
    screen.drawImage(ring, offset, 0, columns - offset, ring.height, 0, 0, columns - offset, ring.height);
    if (offset > 0) screen.drawImage(ring, 0, 0, offset, ring.height, columns - offset, 0, offset, ring.height);
  };

  const restart = (): void => {
    ratio = devicePixelRatio;
    columns = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.width = columns;
    canvas.height = Math.round(lanes().length * LANE_PX * ratio);
    ring.width = columns;
    ring.height = Math.max(1, canvas.height);
    colours = coloursOf(canvas);
    head = Math.floor(columnOf(daemonNowMs() - DELAY_MS));
    shown = null;
    lanes().forEach(({ deviceId }, row) => {
      for (const stretch of history.stretchesOf(deviceId)) fill(row, stretch);
    });
  };
  restart();
  paint();
  return {
    add: (fresh) => {
      advance();
      shown = null;
      lanes().forEach(({ deviceId }, row) => {
        for (const stretch of fresh.get(deviceId) ?? []) fill(row, stretch);
      });
    },
    restart,
    stop: () => cancelAnimationFrame(frame),
  };
};

const coloursOf = (element: Element): Readonly<Record<string, string>> => {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    [...LANE_STATES, 'idle', 'busy'].map((state) => [state, style.getPropertyValue(`--${state}`).trim()]),
  );
};
