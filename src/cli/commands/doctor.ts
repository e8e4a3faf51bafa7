import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { KilnError } from '../../domain/errors.ts';
import { contextOf, note, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { triedSummary } from '../output/problem-check.ts';
import { tryOnGpu } from '../try-on-gpu.ts';
import { plainLine } from '../../platform/printable-text.ts';

interface Check {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  readonly remedy: string | null;
}
interface Diagnosis {
  readonly host: string;
  readonly checks: readonly Check[];
}
const LINE_CHARS_MAX = 500;

export const addDoctor = (program: Command): void => {
  program
    .command('doctor')
    .description('what is missing on this machine and on every host of the fleet, and how to fix it')
    .option(
      '--problems',
      'try every problem whole, here and on a GPU of the fleet: all its cases, and wrong versions of its reference (half a minute each)',
    )
    .action(async ({ problems = false }: { readonly problems?: boolean }) => {
      const { json = false } = program.opts<{ readonly json?: boolean }>();
      const { diagnose } = await import('../../doctor.ts');
      const diagnoses: Diagnosis[] = [...(await diagnose({ root: PROJECT_ROOT, env: process.env, wholeProblems: problems }))];
      if (problems) diagnoses.push(await gpuDiagnosis((await contextOf(program)).client));
      if (json) printJson(diagnoses);
      else print(diagnosisText(diagnoses));
      const wrong = diagnoses.flatMap(({ checks }) => checks).filter(({ ok }) => !ok).length;
      if (wrong === 0) return;
      if (!json) note(`${wrong} ${wrong === 1 ? 'thing needs' : 'things need'} attention`);
      process.exitCode = EXIT.failed;
    });
};

/** Each problem on one GPU of the fleet, by the running daemon; one line says so where that cannot be. */
const gpuDiagnosis = async (client: KilnClient): Promise<Diagnosis> => {
  const checks: Check[] = [];
  const named = await client.problems().catch((error: unknown) => {
    if (!(error instanceof KilnError)) throw error;
    return { problems: [] };
  });
  for (const { name, targets } of named.problems) {
    if (!targets.includes('gpu')) continue;
    const onFleet = await tryOnGpu(client, name);
    if ('untried' in onFleet) return { host: GPUS, checks: [...checks, notTried(onFleet.untried)] };
    const { tried } = onFleet;
    checks.push({ check: `problem ${name}`, ok: tried.ok, found: triedSummary(tried), remedy: tried.ok ? null : REMEDY });
  }
  return { host: GPUS, checks: checks.length > 0 ? checks : [notTried('no daemon answers: start one with kiln up')] };
};

const GPUS = 'GPUs of the fleet';
const REMEDY = 'correct its CUDA reference, baseline or tolerance (docs/problems.md)';
const notTried = (why: string): Check => ({ check: 'problems', ok: true, found: `not tried on a GPU: ${why}`, remedy: null });

export const diagnosisText = (diagnoses: readonly Diagnosis[]): string =>
  diagnoses.map(({ host, checks }) => [plainLine(host), ...checks.flatMap(checkLines)].join('\n')).join('\n\n');

const checkLines = ({ check, ok, found, remedy }: Check): readonly string[] => [
  ...found
    .split('\n')
    .map(
      (line, index) =>
        `${index === 0 ? `  ${ok ? 'ok      ' : 'MISSING '} ${check}: ` : ' '.repeat(11)}${plainLine(line, LINE_CHARS_MAX)}`,
    ),
  ...(remedy === null ? [] : [`            -> ${plainLine(remedy, LINE_CHARS_MAX)}`]),
];
