import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { type CampaignBest, type CampaignView, plotFileOf } from '../../domain/api/campaigns.ts';
import { Effort, PRIORITY_LAST } from '../../domain/candidate.ts';
import { AGENTS_MAX } from '../../domain/campaign/campaign.ts';
import { Language } from '../../domain/plan/plan.ts';
import { stillConnecting } from '../../domain/text/still-connecting.ts';
import { plainLine, plainText } from '../../platform/printable-text.ts';
import { type Context, contextOf, note, print, printJson } from '../context.ts';
import { amount, campaignOf, collectGenerator, type StartOptions } from '../input/campaign-spec.ts';
import { collect } from '../input/given.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { campaignTable, campaignText } from '../output/campaign-text.ts';
import { watchCampaign } from '../watch-campaign.ts';
import { EFFORT_HELP } from './submit.ts';
import { type TimeoutOption, withTimeout } from '../within.ts';

export const addCampaign = (program: Command): void => {
  const campaign = program.command('campaign').description('agents that write candidates within a budget');
  addStart(program, campaign);
  addList(program, campaign);
  addWatch(program, campaign);
  addReport(program, campaign);
  const change = { program, campaign };
  addChange(change, { name: 'show', what: 'what one does, has used and found', call: (client, id) => client.campaign(id) });
  addChange(change, {
    name: 'pause',
    what: 'ask for nothing more until it is resumed',
    call: (client, id) => client.pauseCampaign(id),
  });
  addChange(change, { name: 'resume', what: 'go on after a pause', call: (client, id) => client.resumeCampaign(id) });
  addChange(change, {
    name: 'stop',
    what: 'end it for good; what is submitted is still judged',
    call: (client, id) => client.stopCampaign(id),
  });
};

const withStartOptions = (command: Command): Command =>
  command
    .argument('[file]', 'campaign file (config/campaign.example.yaml shows all of it); options win over it')
    .option('-p, --problem <name...>', 'problems to work on (kiln problems lists them)')
    .option('-d, --device <class...>', 'device classes (default: H100)')
    .option('-a, --agents <number>', 'at most so many think at once (default: 8)', wholeNumber(1, AGENTS_MAX))
    .option('-g, --generator <name[=share]>', 'who writes the candidates (kiln generators; repeatable)', collectGenerator)
    .option('--budget-usd <dollars>', 'for the services that generators ask', amount)
    .option('--budget-gpu-minutes <minutes>', 'device time of its candidates', amount)
    .option('--budget-candidates <number>', 'candidates', wholeNumber(1, 100_000_000))
    .option('--minutes <minutes>', 'wall clock while it runs', amount)
    .addOption(
      new Option(
        '--language <name...>',
        'languages of the candidates (default: all that the devices run; python, for programs, only where it is named)',
      ).choices(Language.options),
    )
    .addOption(
      new Option('--seeds <which>', "the problem's files to begin with (default: auto)").choices([
        'auto',
        'all',
        'first',
        'evolve',
        'none',
      ]),
    )
    .option('--ranked <number>', "so many of the ranking's best to begin with as well (default: 0)", wholeNumber(0, 100))
    .option('--source <[problem=]file>', 'a candidate of your own to begin with (repeatable)', collect)
    .option('--seed <number>', 'of everything that is drawn (default: 1)', wholeNumber(0, 2 ** 31))
    .option('--priority <number>', '1 is first (default: 200)', wholeNumber(1, PRIORITY_LAST))
    .addOption(new Option('--effort <which>', EFFORT_HELP).choices(Effort.options))
    .option('--turns <number>', 'how often an agent goes on from its own last candidate (default: 4)', wholeNumber(1, 6))
    .addOption(
      new Option(
        '--mix <which>',
        'who is asked for which moves: by what each earned so far, or by set shares (default: learned)',
      ).choices(['learned', 'fixed']),
    )
    .addOption(
      new Option(
        '--targets <which>',
        'which of several problems is asked about next: by what was earned on each so far, or in turn (default: learned)',
      ).choices(['learned', 'even']),
    )
    .option('--batches', 'questions that can wait go out in batches at half the price, and may take 24 hours')
    .option('--no-batches', 'as without --batches: wins over the file')
    .option('--no-recall', 'tell its agents nothing of what earlier campaigns learned')
    .option('--name <text>', 'shown in lists')
    .option('--submitter <name>', 'who asks')
    .option('-w, --watch', 'follow it until it ends');

const addStart = (program: Command, campaign: Command): void => {
  withTimeout(withStartOptions(campaign.command('start').description('start agents on some problems'))).action(
    async (file: string | undefined, { timeout, ...options }: StartOptions & TimeoutOption & { readonly watch?: boolean }) => {
      const context = await contextOf(program);
      const view = await context.client.createCampaign(await campaignOf(file, options));
      if (options.watch) await watchCampaign(context, view.id, timeout === undefined ? {} : { timeout });
      else if (context.json) printJson(view);
      else {
        print(`${view.id}  ${view.status}\nfollow it with: kiln campaign watch ${view.id}`);
        await tellMissing(context, view.spec.devices);
      }
    },
  );
};

/** A campaign for a class that nobody has is accepted, and waits: a host may come. */
const tellMissing = async ({ client }: Context, classes: readonly string[]): Promise<void> => {
  const { hosts } = await client.fleet();
  const there = new Set(hosts.flatMap(({ devices }) => devices.map((device) => device.class)));
  const missing = classes.filter((name) => !there.has(name));
  if (missing.length === 0) return;
  const wanted = missing.join(' or ');
  const connecting = hosts.filter(({ state, inventory }) => state === 'connecting' && inventory === null);
  const why =
    connecting.length > 0
      ? stillConnecting(
          wanted,
          connecting.map(({ name }) => name),
        )
      : `no host of the fleet has the device class ${wanted} now`;
  note(plainLine(`waiting: ${why} (kiln fleet)`));
};

const addList = (program: Command, campaign: Command): void => {
  campaign
    .command('list')
    .description('all campaigns, newest first')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const list = await client.campaigns();
      if (json) printJson(list);
      else print(campaignTable(list.campaigns) || 'no campaigns');
    });
};

const addWatch = (program: Command, campaign: Command): void => {
  withTimeout(campaign.command('watch').description('follow one until it ends').argument('<id>')).action(
    async (id: string, options: TimeoutOption) => {
      await watchCampaign(await contextOf(program), id, options);
    },
  );
};

const addReport = (program: Command, campaign: Command): void => {
  campaign
    .command('report')
    .description('what it found, how, for how much, and what failed: Markdown, and with --out a plot for each problem')
    .argument('<id>')
    .option('-o, --out <folder>', 'write report.md, the plots and the best sources there')
    .action(async (id: string, { out }: { readonly out?: string }) => {
      const context = await contextOf(program);
      if (out !== undefined) await writeReport(context, id, out);
      else {
        const text = await context.client.campaignReport(id);
        process.stdout.write(process.stdout.isTTY ? plainText(text) : text);
      }
    });
};

const writeReport = async ({ client, json }: Context, id: string, out: string): Promise<void> => {
  const { spec, best } = await client.campaign(id);
  await mkdir(out, { recursive: true });
  const files = [join(out, 'report.md')];
  await writeFile(files[0] ?? '', await client.campaignReport(id));
  for (const problem of spec.problems) {
    const file = join(out, plotFileOf(problem));
    await writeFile(file, await client.campaignReport(id, { format: 'svg', problem }));
    files.push(file);
  }
  for (const target of best) files.push(...(await writeBest(client, target, out)));
  if (json) printJson({ files });
  else print(files.join('\n'));
};

/** The source as it was submitted, and what else is needed to submit it again. */
const writeBest = async (
  client: KilnClient,
  { problem, device, best }: CampaignBest,
  out: string,
): Promise<readonly string[]> => {
  if (best === null) return [];
  const { candidateId, language, speedup } = best;
  const [{ source }, { submission }] = await Promise.all([client.source(candidateId), client.candidate(candidateId)]);
  const name = join(out, `best-${fileNameOf(problem)}-${fileNameOf(device)}`);
  const files = [`${name}.${ENDINGS[language]}`, `${name}.json`] as const;
  await writeFile(files[0], source);
  const facts = { candidateId, problem, device, language, speedup, params: submission.params };
  await writeFile(files[1], `${JSON.stringify(facts, null, 2)}\n`);
  return files;
};

const ENDINGS: Readonly<Record<Language, string>> = { cuda: 'cu', triton: 'py', c: 'c', python: 'py' };
const fileNameOf = (text: string): string => text.replaceAll(/[^\w.-]/g, '_');

interface Change {
  readonly name: string;
  readonly what: string;
  readonly call: (client: KilnClient, id: string) => Promise<CampaignView>;
}

const addChange = (at: { readonly program: Command; readonly campaign: Command }, { name, what, call }: Change): void => {
  at.campaign
    .command(name)
    .description(what)
    .argument('<id>')
    .action(async (id: string) => {
      const { client, json } = await contextOf(at.program);
      const view = await call(client, id);
      if (json) printJson(view);
      else print(campaignText(view));
    });
};
