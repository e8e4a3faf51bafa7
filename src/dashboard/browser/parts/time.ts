/** Moments as people read them. */
import { daemonNowMs } from '../live/clock.ts';
import { seconds } from '../../../domain/text/units.ts';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });

export const clockTime = (at: string): string => clock.format(new Date(at));

/** "14:03:22" today, with the date before. */
export const moment = (at: string): string => {
  const date = day.format(new Date(at));
  return date === day.format(new Date(daemonNowMs())) ? clockTime(at) : `${date}, ${clockTime(at)}`;
};

export const ago = (at: string): string =>
  `${seconds(Math.max(0, Math.round((daemonNowMs() - new Date(at).getTime()) / 1000)))} ago`;
