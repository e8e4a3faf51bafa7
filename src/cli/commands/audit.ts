/** `kiln audit`: who did what, when. */
import type { Command } from 'commander';
import type { AuditEntry } from '../../domain/access/audit.ts';
import { AUDIT_MAX, type AuditList } from '../../domain/api/tokens.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { table } from '../output/table.ts';

interface Options {
  readonly limit?: number;
  readonly before?: number;
  readonly who?: string;
  readonly action?: string;
}

export const addAudit = (program: Command): void => {
  program
    .command('audit')
    .description('who did what, when: operations on queue, hosts, fleet, tokens and submitters, newest first, refused ones too')
    .option('--limit <number>', 'entries (default: 100)', wholeNumber(1, AUDIT_MAX))
    .option(
      '--before <sequence>',
      'older entries: the number that the last answer ended with',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--who <name>', 'of one token (operator: the configured one)')
    .option('--action <operation>', 'of one operation, as holdHost')
    .action(async (options: Options) => {
      const { client, json } = await contextOf(program);
      const answer = await client.audit(options);
      if (json) printJson(answer);
      else print(auditText(answer));
    });
};

export const auditText = ({ entries, next }: AuditList): string =>
  entries.length === 0
    ? 'nothing that fits is in the audit list'
    : [
        table(
          ['AT', 'WHO', 'FROM', 'WHAT', 'OF', 'CAME TO', 'ASKED'].map((title) => ({ title })),
          entries.map((entry) => [
            entry.at,
            whoText(entry),
            entry.address,
            entry.action,
            plainLine(entry.target, 60),
            entry.status === null ? 'not known' : String(entry.status),
            plainLine(JSON.stringify(entry.detail), 120),
          ]),
        ),
        ...(next === null ? [] : [`older: kiln audit --before ${next}`]),
      ].join('\n');

const whoText = ({ who, role, says }: AuditEntry): string =>
  plainLine(`${who} (${role})${says === null ? '' : `, who says to be ${says}`}`, 80);
