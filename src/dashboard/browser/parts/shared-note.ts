/** Beside a page that was opened by a share link: that it is one, and until when. */
import { h, type JSX } from 'preact';
import { ask } from '../live/api.ts';
import { useAnswer } from '../live/use-answer.ts';
import { moment } from './time.ts';

export const SharedNote = (): JSX.Element => {
  const { data, error } = useAnswer('own share', () => ask('GET', '/v1/share'));
  return h(
    'p',
    { class: 'soft small' },
    error ? error.message : `Shared to read${data === null ? '' : ` until ${moment(data.expiresAt)}`}; this page alone.`,
  );
};
