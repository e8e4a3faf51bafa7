import { type Command, Option } from 'commander';
import type { RankingFilters } from '../../client/create-client.ts';
import type { RankingView } from '../../domain/api/problems.ts';
import { Language } from '../../domain/plan/plan.ts';
import { RankingClass } from '../../domain/ranking/ranking.ts';
import { kernelBenchResults } from '../../importers/kernelbench/results.ts';
import type { LibraryTime } from '../../domain/library.ts';
import { libraryOn, libraryText } from '../../domain/text/library-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { libraryTimes } from '../library-times.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { table } from '../output/table.ts';
import { basisText, shortTimeText } from '../../domain/text/describe.ts';
import { interval, percent, times } from '../../domain/text/units.ts';
import { paramsText } from '../../domain/text/params-text.ts';

interface RankOptions extends RankingFilters {
  readonly problemVersion?: string;
  readonly format?: string;
}

export const addRank = (program: Command): void => {
  program
    .command('rank')
    .description('best candidates of a problem, one list per device model')
    .argument('<problem>')
    .option('-d, --device <class>', 'only this device class or model')
    .option('--submitter <name>', 'only these, ranked among themselves')
    .addOption(new Option('--language <name>', 'only these').choices(Language.options))
    .option('--sweep <id>', 'only the points of this sweep')
    .addOption(
      new Option('--class <which>', 'program: programs by the time to their answers, which are compared with no others').choices(
        RankingClass.options,
      ),
    )
    .option('--problem-version <digits>', 'of a version of the problem of before: kiln problems NAME lists them')
    .option('-n, --limit <number>', 'entries of each list (default: 50)', wholeNumber(1, 1000))
    .addOption(
      new Option('--format <which>', 'kernelbench: as its eval_results.json, for problems of `kiln import kernelbench`').choices([
        'kernelbench',
      ]),
    )
    .action(async (problem: string, { problemVersion, format, ...query }: RankOptions) => {
      const { client, json } = await contextOf(program);
      const view = await client.ranking(problem, { ...query, ...(problemVersion && { version: problemVersion }) });
      if (format) printJson(kernelBenchResults(view));
      else if (json) printJson(view);
      else {
        // They are of the problem as it is now, and of device code.
        const library = problemVersion || view.class === 'program' ? [] : await libraryTimes(client, problem);
        print([...(problemVersion ? [`version ${view.versions.join(', ')}`] : []), rankingText(view, library)].join('\n\n'));
      }
    });
};

const CLASS_WORDS = { device: '', program: ', programs by the time to their answers' } as const;

export const rankingText = (view: RankingView, library: readonly LibraryTime[] = []): string => {
  const ranked = view.models.filter(({ entries }) => entries.length > 0);
  const lists = ranked.map((model) => {
    const note = model.note === null ? '' : `  (${plainLine(model.note)})`;
    return `${view.problem} on ${plainLine(model.deviceModel)}${CLASS_WORDS[view.class]}${note}\n${libraryLine(libraryOn(library, model.deviceModel))}${rankTable(model.entries)}`;
  });
  const none = lists.length === 0 ? [`${view.problem}: nothing has passed yet`] : [];
  return [...lists, ...none, ...failedText(view.failed)].join('\n\n');
};

const libraryLine = (time: LibraryTime | null): string => (time === null ? '' : `${libraryText(time)}\n`);

const failedText = (failed: RankingView['failed']): readonly string[] => {
  const counts = Object.entries(failed).filter(([, count]) => count > 0);
  return counts.length === 0 ? [] : [`did not pass: ${counts.map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`];
};

const right = 'right' as const;
const rankTable = (entries: RankingView['models'][number]['entries']): string =>
  table(
    [
      { title: '#', align: right },
      { title: 'SPEED-UP', align: right },
      { title: '95 % INTERVAL', align: right },
      { title: 'RANKS AS', align: right },
      { title: 'TIME', align: right },
      { title: 'OF FLOOR', align: right, isExtra: true },
      { title: 'MEASURED', isExtra: true },
      { title: 'CANDIDATE', isId: true },
      { title: 'LANGUAGE', isExtra: true },
      { title: 'PARAMS' },
      { title: 'SUBMITTER', isExtra: true },
      { title: '' },
    ],
    entries.map(({ place, score, candidateId, language, params, submitter, record, fasterByTime }) => [
      String(place),
      times(score.speedup),
      interval(score.speedupLow, score.speedupHigh),
      times(score.rankKey),
      shortTimeText(score),
      score.floorShare === null ? '-' : percent(score.floorShare),
      basisText(score),
      candidateId,
      language,
      paramsText(params),
      submitter,
      record ? 'record' : fasterByTime ? 'shorter time than the first' : '',
    ]),
  );
