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
type OnCheck = (host: string, check: Check) => void;
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
      const onCheck = json ? () => undefined : checkPrinter();
      const here = await diagnose({ root: PROJECT_ROOT, env: process.env, wholeProblems: problems, onCheck });
      const onGpus = problems ? [await gpuDiagnosis((await contextOf(program)).client, onCheck)] : [];
      const diagnoses: readonly Diagnosis[] = [...here, ...onGpus];
      if (json) printJson(diagnoses);
      const wrong = diagnoses.flatMap(({ checks }) => checks).filter(({ ok }) => !ok).length;
      if (wrong === 0) return;
      if (!json) note(`${wrong} ${wrong === 1 ? 'thing needs' : 'things need'} attention`);
      process.exitCode = EXIT.failed;
    });
};

/** Each problem on one GPU of the fleet, by the running daemon; one line says so where that cannot be. */
const gpuDiagnosis = async (client: KilnClient, onCheck: OnCheck): Promise<Diagnosis> => {
  const checks: Check[] = [];
  const add = (check: Check): void => {
    checks.push(check);
    onCheck(GPUS, check);
  };
  const named = await client.problems().catch((error: unknown) => {
    if (!(error instanceof KilnError)) throw error;
    return { problems: [] };
  });
  for (const { name, targets } of named.problems) {
    if (!targets.includes('gpu')) continue;
    const onFleet = await tryOnGpu(client, name);
    if ('untried' in onFleet) {
      add(notTried(onFleet.untried));
      break;
    }
    const { tried } = onFleet;
    add({ check: `problem ${name}`, ok: tried.ok, found: triedSummary(tried), remedy: tried.ok ? null : REMEDY });
  }
  if (checks.length === 0) add(notTried('no daemon answers: start one with kiln up'));
  return { host: GPUS, checks };
};

const GPUS = 'GPUs of the fleet';
const REMEDY = 'correct its CUDA reference, baseline or tolerance (docs/problems.md)';
const notTried = (why: string): Check => ({ check: 'problems', ok: true, found: `not tried on a GPU: ${why}`, remedy: null });

/** Each check below the name of its host, as it comes. */
const checkPrinter = (): OnCheck => {
  let shown: string | null = null;
  return (host, check) => {
    if (host !== shown) print(`${shown === null ? '' : '\n'}${plainLine(host)}`);
    shown = host;
    print(checkLines(check).join('\n'));
  };
};

const checkLines = ({ check, ok, found, remedy }: Check): readonly string[] => [
  ...found
    .split('\n')
    .map(
      (line, index) =>
        `${index === 0 ? `  ${ok ? 'ok      ' : 'MISSING '} ${check}: ` : ' '.repeat(11)}${plainLine(line, LINE_CHARS_MAX)}`,
    ),
  ...(remedy === null ? [] : [`            -> ${plainLine(remedy, LINE_CHARS_MAX)}`]),
];
