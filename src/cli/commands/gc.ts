/** `kiln gc`: old candidates that nothing needs any more. */
import type { Command } from 'commander';
import type { Collected } from '../../domain/api/retention.ts';
import { contextOf, print, printJson } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { table } from '../output/table.ts';

const DAYS_MAX = 36_500;
const PLACES = { min: 100, max: 1_000_000, default: 1000 };

interface Options {
  readonly olderThan: number;
  readonly keepPlaces: number;
  readonly dryRun?: boolean;
  readonly export: boolean;
}

export const addGc = (program: Command): void => {
  program
    .command('gc')
    .description('remove old candidates that nothing needs any more, after they were written to a file')
    .requiredOption('--older-than <days>', 'days since their verdict', wholeNumber(0, DAYS_MAX))
    .option(
      '--keep-places <number>',
      `the first places of each ranking stay (default: ${PLACES.default})`,
      wholeNumber(PLACES.min, PLACES.max),
      PLACES.default,
    )
    .option('--dry-run', 'only count them')
    .option('--no-export', 'do not write them to a file first')
    .action(async ({ olderThan, keepPlaces, dryRun = false, export: isExported }: Options) => {
      const { client, json } = await contextOf(program);
      const answer = await client.collectGarbage({
        olderThanDays: olderThan,
        keepPlaces,
        dryRun,
        export: isExported,
      });
      if (json) printJson(answer);
      else print(collectedText(answer, dryRun));
    });
};

export const collectedText = ({ before, removed, byProblem, exportedTo }: Collected, isDryRun: boolean): string => {
  const rows = Object.entries(byProblem).map(([problem, count]) => [problem, String(count)]);
  if (rows.length === 0) return `nothing from before ${before} can go`;
  return [
    table([{ title: 'PROBLEM' }, { title: isDryRun ? 'WOULD GO' : 'OLD', align: 'right' }], rows),
    ...(isDryRun ? [] : [`${removed} candidates were removed`]),
    ...(exportedTo === null ? [] : [`they are in ${exportedTo}, on the daemon's machine`]),
  ].join('\n');
};
