import { type Command, Option } from 'commander';
import type { CandidateList, ListQuery } from '../../domain/api/candidates.ts';
import { VERDICTS } from '../../domain/outcome.ts';
import { contextOf, note, print, printJson } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { summaryText, WHOLE } from '../../domain/text/describe.ts';
import { table } from '../output/table.ts';

const STATUSES = ['queued', 'compiling', 'ready', 'judging', 'confirming', 'done'];

export const addList = (program: Command): void => {
  program
    .command('list')
    .description('candidates, newest first')
    .option('-p, --problem <name>')
    .option('-d, --device <class>')
    .addOption(new Option('--status <status>').choices(STATUSES))
    .addOption(new Option('--verdict <verdict>').choices(VERDICTS))
    .option('--submitter <name>')
    .option('--sweep <id>')
    .option('-n, --limit <number>', 'at most so many (default: 50)', wholeNumber(1, 500))
    .option('--cursor <cursor>', 'goes on where a page ended')
    .action(async (query: Partial<ListQuery>) => {
      const { client, json } = await contextOf(program);
      const page = await client.candidates(query);
      if (json) {
        printJson(page);
        return;
      }
      print(page.candidates.length === 0 ? 'no candidates' : listText(page));
      if (page.next !== null) note(`more: the same with --cursor ${page.next}`);
    });
};

export const listText = ({ candidates }: CandidateList): string =>
  table(
    [
      { title: 'CANDIDATE', isId: true },
      { title: 'PROBLEM' },
      { title: 'DEVICE' },
      { title: 'SUBMITTER', isExtra: true },
      { title: 'SUBMITTED' },
      { title: 'RESULT' },
    ],
    candidates.map((candidate) => [
      candidate.id,
      candidate.submission.problem,
      candidate.submission.device,
      candidate.submission.submitter,
      candidate.submittedAt.slice(0, 19),
      summaryText(candidate, WHOLE),
    ]),
  );
