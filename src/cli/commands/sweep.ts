import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { PLOTS, type SweepView } from '../../domain/api/sweeps.ts';
import { Language } from '../../domain/plan/plan.ts';
import { RUNNING_MAX, STRATEGIES, SWEEP_POINTS_MAX } from '../../domain/sweep/sweep.ts';
import { plainText } from '../../platform/printable-text.ts';
import { type Context, contextOf, print, printJson } from '../context.ts';
import { amount } from '../input/campaign-spec.ts';
import { collect } from '../input/given.ts';
import { collectAxis, collectParam } from '../input/params.ts';
import { plateauWish, type SweepOptions, sweepOf } from '../input/sweep-spec.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { RESULT_FORMATS, type ResultFormat, resultsText } from '../output/sweep-results.ts';
import { sweepTable, sweepText } from '../output/sweep-text.ts';
import { allResults } from '../sweep-results.ts';
import { watchSweep } from '../watch-sweep.ts';
import { type TimeoutOption, withTimeout } from '../within.ts';

type Watched = TimeoutOption & { readonly watch?: boolean };

export const addSweep = (program: Command): void => {
  const sweep = program
    .command('sweep')
    .description('one source over a space of its params, tried by a strategy within a budget');
  addStart(program, sweep);
  addLooks(program, sweep);
  const change = { program, sweep };
  addChange(change, { name: 'pause', what: 'try nothing more until it is resumed', call: (client, id) => client.pauseSweep(id) });
  addChange(change, { name: 'resume', what: 'go on after a pause', call: (client, id) => client.resumeSweep(id) });
  addChange(change, {
    name: 'cancel',
    what: 'end it for good, with its points that wait',
    call: (client, id) => client.cancelSweep(id),
  });
  addExtend(program, sweep);
  addResults(program, sweep);
  addPlot(program, sweep);
};

const withBudget = (command: Command): Command =>
  command
    .option('--budget-candidates <number>', 'points that are tried', wholeNumber(1, SWEEP_POINTS_MAX))
    .option('--budget-gpu-seconds <seconds>', 'device time of its judgements', amount)
    .option('--minutes <minutes>', 'wall clock while it runs', amount);

const withSpace = (command: Command): Command =>
  command
    .argument('<file>', 'a candidate, or a sweep file (.yaml; config/sweeps has one); options win over it')
    .option('-p, --problem <name>', 'problem that the candidate solves (kiln problems lists them)')
    .option('-d, --device <class>', 'device class, such as H100, A100 or cpu (default: cpu for .c, otherwise H100)')
    .addOption(new Option('--language <name>', 'default: by the ending .cu, .c or .py').choices(Language.options))
    .option('--param <name=value>', "set a param of the plan's header for every point (repeatable)", collectParam)
    .option('--with <file>', 'another file that the source includes (repeatable)', collect)
    .option('--include <folder>', 'a folder in which `#include "…"` of the source are looked for (repeatable)', collect)
    .option(
      '-s, --space <name=values...>',
      "params and what they may be: BLOCK=64,128 or a range: VEC=1..8, T=4..64\\ step\\ 4, B=32..1024\\ powers (default: the header's space)",
      collectAxis,
    )
    .option('--where <condition>', 'what must hold of a point, such as "BLOCK * VEC <= 1024" (repeatable)', collect)
    .addOption(new Option('--strategy <name>', 'which points are tried, in which order (default: grid)').choices(STRATEGIES))
    .option('--seed <number>', 'of everything that is drawn (default: 1)', wholeNumber(0, 2 ** 31))
    .option('--max-running <number>', 'points that wait for a verdict at once', wholeNumber(1, RUNNING_MAX))
    .option('--plateau <verdicts[:percent]>', 'end when so many verdicts made the best no faster (by 1 %)', plateauWish);

const addStart = (program: Command, sweep: Command): void => {
  const start = withBudget(
    withSpace(sweep.command('start', { isDefault: true }).description('start one: kiln sweep FILE does the same')),
  )
    .option('--priority <number>', '1 is first (default: 100)', wholeNumber(1, 2_000_000))
    .option('--submitter <name>', 'who asks: queues are shared fairly between submitters')
    .option('--label <label>', 'host label that is required (repeatable)', collect)
    .option('--name <text>', 'shown in lists')
    .option('-w, --watch', 'wait for its end and show the best');
  withTimeout(start).action(async (file: string, options: SweepOptions & Watched) => {
    const context = contextOf(program);
    const view = await context.client.createSweep(await sweepOf(file, options));
    if (options.watch) await watchSweep(context, view.id, options);
    else if (context.json) printJson(view);
    else print(`${view.id}  ${view.size} points\nfollow it with: kiln sweep show ${view.id} --watch`);
  });
};

const addLooks = (program: Command, sweep: Command): void => {
  sweep
    .command('list')
    .description('the last ones, newest first')
    .action(async () => {
      const { client, json } = contextOf(program);
      const list = await client.sweeps();
      if (json) printJson(list);
      else print(sweepTable(list.sweeps) || 'no sweeps');
    });
  const show = sweep.command('show').description('progress and best candidates').argument('<id>');
  withTimeout(show.option('-w, --watch', 'wait for its end')).action(async (id: string, options: Watched) => {
    const context = contextOf(program);
    if (options.watch) await watchSweep(context, id, options);
    else tell(context, await context.client.sweep(id));
  });
};

const tell = ({ json }: Context, view: SweepView): void => {
  if (json) printJson(view);
  else print(sweepText(view));
};

interface Change {
  readonly name: string;
  readonly what: string;
  readonly call: (client: KilnClient, id: string) => Promise<SweepView>;
}

const addChange = (
  { program, sweep }: { readonly program: Command; readonly sweep: Command },
  { name, what, call }: Change,
): void => {
  sweep
    .command(name)
    .description(what)
    .argument('<id>')
    .action(async (id: string) => {
      const context = contextOf(program);
      tell(context, await call(context.client, id));
    });
};

interface MoreOptions {
  readonly budgetCandidates?: number;
  readonly budgetGpuSeconds?: number;
  readonly minutes?: number;
}

const addExtend = (program: Command, sweep: Command): void => {
  withBudget(
    sweep.command('extend').description('add so much to its budget; one that has finished goes on').argument('<id>'),
  ).action(async (id: string, { budgetCandidates, budgetGpuSeconds, minutes }: MoreOptions) => {
    const context = contextOf(program);
    const more = {
      ...(budgetCandidates === undefined ? {} : { candidates: budgetCandidates }),
      ...(budgetGpuSeconds === undefined ? {} : { gpuSeconds: budgetGpuSeconds }),
      ...(minutes === undefined ? {} : { minutes }),
    };
    tell(context, await context.client.extendSweep(id, more));
  });
};

const addResults = (program: Command, sweep: Command): void => {
  sweep
    .command('results')
    .description('what became of its points')
    .argument('<id>')
    .addOption(
      new Option(
        '-f, --format <name>',
        'table, csv, jsonl, best: the best configuration as JSON, or t4: for other tuners',
      ).choices(RESULT_FORMATS),
    )
    .option('-o, --out <file>', 'write it there')
    .action(async (id: string, { format, out }: { readonly format?: ResultFormat; readonly out?: string }) => {
      const { client, json } = contextOf(program);
      const view = await client.sweep(id);
      const text = resultsText({ view, results: await allResults(client, view.id) }, format ?? (json ? 'jsonl' : 'table'));
      await deliver(text, out);
    });
};

const addPlot = (program: Command, sweep: Command): void => {
  sweep
    .command('plot')
    .description('its points as SVG: parallel coordinates, a heat map of two params, or the best so far over device time')
    .argument('<id>')
    .addOption(new Option('-k, --kind <name>', 'default: coordinates').choices(PLOTS))
    .option('--across <param>', 'of a heat map')
    .option('--down <param>', 'of a heat map')
    .option('-o, --out <file>', 'write it there')
    .action(
      async (id: string, { out, ...query }: { readonly out?: string; readonly across?: string; readonly down?: string }) => {
        await deliver(`${await contextOf(program).client.sweepPlot(id, query)}\n`, out);
      },
    );
};

const deliver = async (text: string, out: string | undefined): Promise<void> => {
  if (out === undefined) process.stdout.write(process.stdout.isTTY ? plainText(text) : text);
  else {
    await writeFile(out, text);
    print(out);
  }
};
