import type { Command } from 'commander';
import { note, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { plainLine } from '../../platform/printable-text.ts';

interface Check {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  readonly mend: string | null;
}
interface Diagnosis {
  readonly host: string;
  readonly checks: readonly Check[];
}
const LINE_CHARS_MAX = 500;

export const addDoctor = (program: Command): void => {
  program
    .command('doctor')
    .description('what is missing on this machine and on every host of the fleet, and what mends it')
    .option('--problems', 'try every problem whole: all its cases, and wrong versions of its reference (half a minute each)')
    .action(async ({ problems = false }: { readonly problems?: boolean }) => {
      const { json = false } = program.opts<{ readonly json?: boolean }>();
      const { diagnose } = await import('../../doctor.ts');
      const diagnoses = await diagnose({ root: PROJECT_ROOT, env: process.env, wholeProblems: problems });
      if (json) printJson(diagnoses);
      else print(diagnosisText(diagnoses));
      const wrong = diagnoses.flatMap(({ checks }) => checks).filter(({ ok }) => !ok).length;
      if (wrong === 0) return;
      if (!json) note(`${wrong} ${wrong === 1 ? 'thing needs' : 'things need'} attention`);
      process.exitCode = EXIT.failed;
    });
};

export const diagnosisText = (diagnoses: readonly Diagnosis[]): string =>
  diagnoses.map(({ host, checks }) => [plainLine(host), ...checks.flatMap(checkLines)].join('\n')).join('\n\n');

const checkLines = ({ check, ok, found, mend }: Check): readonly string[] => [
  ...found
    .split('\n')
    .map(
      (line, index) =>
        `${index === 0 ? `  ${ok ? 'ok      ' : 'MISSING '} ${check}: ` : ' '.repeat(11)}${plainLine(line, LINE_CHARS_MAX)}`,
    ),
  ...(mend === null ? [] : [`            -> ${plainLine(mend, LINE_CHARS_MAX)}`]),
];
