/** `kiln token create|list|revoke`: who may call this daemon, by name and role. */
import { type Command, Option } from 'commander';
import { ROLES, type Role } from '../../domain/access/role.ts';
import type { Token } from '../../domain/access/token.ts';
import { TOKEN_DAYS_MAX, type TokenCreated, type TokenList } from '../../domain/api/tokens.ts';
import { wallClockMs } from '../../platform/clock.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { table } from '../output/table.ts';

interface Options {
  readonly role: Role;
  readonly submitter?: string;
  readonly anySubmitter?: boolean;
  readonly days?: number;
}

export const addToken = (program: Command): void => {
  const token = program.command('token').description('tokens with names and roles: who may look, submit, or do everything');
  token
    .command('create')
    .description('make a token; what it is told is shown this once')
    .argument('<name>', 'whose it is, or which program: shown wherever it did something')
    .addOption(
      new Option('--role <role>', 'read: look; submit: send candidates and steer its own; admin: everything')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--submitter <name>', 'who submits with it (default: its name)')
    .option('--any-submitter', 'of a service that submits for many: it names whom for')
    .option('--days <number>', 'until it expires (default: it does not)', wholeNumber(1, TOKEN_DAYS_MAX))
    .action(async (name: string, options: Options) => {
      const { client, json } = await contextOf(program);
      const answer = await client.createToken({ name, ...options });
      if (json) printJson(answer);
      else print(createdText(answer));
    });
  token
    .command('list')
    .description('tokens, newest first, without their secrets')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const answer = await client.tokens();
      if (json) printJson(answer);
      else print(listText(answer));
    });
  token
    .command('revoke')
    .description('end a token at once, with its sessions in browsers and the share links that it made')
    .argument('<token>', 'its name or id')
    .action(async (given: string) => {
      const { client, json } = await contextOf(program);
      const answer = await client.revokeToken(given);
      if (json) printJson(answer);
      else print(`${answer.name} (${answer.id}) opens nothing any more`);
    });
};

const createdText = ({ token, name, role, submitter, expiresAt }: TokenCreated): string =>
  [
    token,
    '',
    `the role of ${name} is ${role}${submitter === null ? '' : `, it submits as ${plainLine(submitter, 64)}`}; it ${expiresAt === null ? 'does not expire' : `is valid until ${expiresAt}`}`,
    `it is shown this once: KILN_TOKEN=… kiln queue, or at the sign-in of the dashboard; kiln token revoke ${name} ends it`,
  ].join('\n');

export const listText = ({ tokens }: TokenList): string =>
  tokens.length === 0
    ? 'there are no named tokens: kiln token create NAME --role ROLE makes one'
    : table(
        ['TOKEN', 'NAME', 'ROLE', 'SUBMITS AS', 'STATE', 'UNTIL', 'MADE BY'].map((title) => ({ title })),
        tokens.map((token) => [
          token.id,
          token.name,
          token.role,
          submitsAs(token),
          stateOf(token),
          token.revokedAt ?? token.expiresAt ?? '',
          plainLine(token.createdBy, 40),
        ]),
      );

const submitsAs = ({ role, submitter }: Token): string =>
  role === 'read' ? '' : submitter === null ? 'anybody' : plainLine(submitter, 40);

const stateOf = ({ revokedAt, expiresAt }: Token): string => {
  if (revokedAt !== null) return 'revoked';
  return expiresAt === null || Date.parse(expiresAt) > wallClockMs() ? 'open' : 'expired';
};
