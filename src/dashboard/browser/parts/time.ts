/** Moments as people read them. */
import { daemonNowMs } from '../live/clock.ts';
import { seconds } from '../../../domain/text/units.ts';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
const dayAndMinute = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});

export const clockTime = (at: string): string => clock.format(new Date(at));

/** "14:03:22" today, with the date before. */
export const moment = (at: string): string => {
  const date = day.format(new Date(at));
  return date === day.format(new Date(daemonNowMs())) ? clockTime(at) : `${date}, ${clockTime(at)}`;
};

/** For a narrow column: "14:03:22" today, "Nov 30, 14:03" this year, the date alone before. */
export const shortMoment = (at: string): string => {
  const [date, today] = [new Date(at), new Date(daemonNowMs())];
  if (day.format(date) === day.format(today)) return clockTime(at);
  return date.getFullYear() === today.getFullYear() ? dayAndMinute.format(date) : day.format(date);
};

export const ago = (at: string): string =>
  `${seconds(Math.max(0, Math.round((daemonNowMs() - new Date(at).getTime()) / 1000)))} ago`;
