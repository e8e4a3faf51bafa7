import type { Command } from 'commander';
import { SHARE_DAYS_DEFAULT, SHARE_DAYS_MAX, type ShareCreated, type ShareList } from '../../domain/api/shares.ts';
import { wallClockMs } from '../../platform/clock.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { table } from '../output/table.ts';

const FOLDERS: Readonly<Record<string, string>> = { c: 'candidates', s: 'sweeps', k: 'campaigns' };

export const addShare = (program: Command): void => {
  const share = program
    .command('share')
    .description('a link that opens one page of the dashboard without a token, to read, until it expires or is revoked')
    .argument('<page>', 'a problem, the id of a candidate, sweep or campaign, or an address of the dashboard')
    .option('--days <number>', `until it expires (default: ${SHARE_DAYS_DEFAULT})`, wholeNumber(1, SHARE_DAYS_MAX))
    .option('--note <text>', 'for whom, or what for: shown in the list')
    .action(async (page: string, options: { readonly days?: number; readonly note?: string }) => {
      const { client, json } = await contextOf(program);
      const answer = await client.createShare({ page: pageOf(page), ...options });
      if (json) printJson({ ...answer, url: `${client.url}${answer.path}` });
      else print(createdText(client.url, answer));
    });
  share
    .command('list')
    .description('share links, newest first, without what opens them')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const answer = await client.shares();
      if (json) printJson(answer);
      else print(listText(answer));
    });
  share
    .command('revoke')
    .description('end a share link at once')
    .argument('<id>')
    .action(async (id: string) => {
      const { client, json } = await contextOf(program);
      const answer = await client.revokeShare(id);
      if (json) printJson(answer);
      else print(`${answer.id} opens nothing any more (it was ${plainLine(answer.page, 200)})`);
    });
};

/** "softmax", "c-3f2a…", "/problems/softmax?device=H100", or that with the daemon's address before it. */
export const pageOf = (given: string): string => {
  const [, letter = ''] = /^([csk])-[0-9a-f]+$/u.exec(given) ?? [];
  const folder = FOLDERS[letter];
  if (folder !== undefined) return `/${folder}/${given}`;
  if (given.startsWith('/')) return given;
  if (!/^https?:\/\//u.test(given)) return `/problems/${encodeURIComponent(given)}`;
  const { pathname, search } = new URL(given);
  return `${pathname}${search}`;
};

const createdText = (url: string, { id, page, path, expiresAt }: ShareCreated): string =>
  `${url}${path}\n\nopens ${plainLine(page, 200)} to whoever has it, to read, until ${expiresAt}; kiln share revoke ${id} ends it sooner`;

export const listText = ({ shares }: ShareList): string =>
  shares.length === 0
    ? 'no page is shared: kiln share PAGE makes a link'
    : table(
        [{ title: 'LINK' }, { title: 'STATE' }, { title: 'UNTIL' }, { title: 'PAGE' }, { title: 'NOTE' }],
        shares.map(({ id, page, note, expiresAt, revokedAt }) => [
          id,
          revokedAt === null ? (Date.parse(expiresAt) > wallClockMs() ? 'open' : 'expired') : 'revoked',
          revokedAt ?? expiresAt,
          plainLine(page, 80),
          plainLine(note, 60),
        ]),
      );
