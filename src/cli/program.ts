/** The commands of `kiln`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { chosenOf, type Commands } from './chosen-commands.ts';
import { PROJECT_ROOT } from './context.ts';

type AddCommand = (program: Command, words: readonly string[]) => void | Promise<void>;

const COMMANDS: Commands<AddCommand> = {
  submit: async () => (await import('./commands/submit.ts')).addSubmit,
  show: async () => (await import('./commands/show.ts')).addShow,
  why: async () => (await import('./commands/why.ts')).addWhy,
  profile: async () => (await import('./commands/profile.ts')).addProfile,
  queue: async () => (await import('./commands/queue.ts')).addQueue,
  fleet: async () => (await import('./commands/fleet.ts')).addFleet,
  host: async () => (await import('./commands/host.ts')).addHost,
  deploy: async () => (await import('./commands/deploy.ts')).addDeploy,
  rank: async () => (await import('./commands/rank.ts')).addRank,
  share: async () => (await import('./commands/share.ts')).addShare,
  token: async () => (await import('./commands/token.ts')).addToken,
  submitter: async () => (await import('./commands/submitter.ts')).addSubmitter,
  audit: async () => (await import('./commands/audit.ts')).addAudit,
  sweep: async () => (await import('./commands/sweep.ts')).addSweep,
  campaign: async () => (await import('./commands/campaign.ts')).addCampaign,
  generators: async () => (await import('./commands/generators.ts')).addGenerators,
  mcp: async () => (await import('./commands/mcp.ts')).addMcp,
  cancel: async () => (await import('./commands/steering.ts')).addCancel,
  pause: async () => (await import('./commands/steering.ts')).addPause,
  resume: async () => (await import('./commands/steering.ts')).addResume,
  reprioritise: async () => (await import('./commands/steering.ts')).addReprioritise,
  rejudge: async () => (await import('./commands/steering.ts')).addRejudge,
  list: async () => (await import('./commands/list.ts')).addList,
  watch: async () => (await import('./commands/watch.ts')).addWatch,
  problems: async () => (await import('./commands/problems.ts')).addProblems,
  problem: async () => (await import('./commands/problems.ts')).addProblem,
  import: async () => (await import('./commands/import.ts')).addImport,
  gc: async () => (await import('./commands/gc.ts')).addGc,
  top: async () => (await import('./commands/top.ts')).addTop,
  up: async () => (await import('./commands/up.ts')).addUp,
  demo: async () => (await import('./commands/demo.ts')).addDemo,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  completion: async () => (await import('./commands/completion.ts')).addCompletion,
};

/** `kiln` with the command that `words` (all behind its name) ask for, or with all commands. Throws what commander throws of wrong words. */
export const createProgram = async (words: readonly string[]): Promise<Command> => {
  const program = new Command('kiln')
    .description('Judges GPU kernels at scale: submit candidates, watch the queue, read the ranking.')
    .version(versionOf(), '--version')
    .option('--json', 'print the answer of the API as JSON (with --watch: one JSON document a line)')
    .option('--url <url>', 'daemon to speak to (default: KILN_URL, or the one that this project configures)')
    .option('--token <token>', 'its bearer token (default: KILN_TOKEN)')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  const [name, ...rest] = program.parseOptions([...words]).operands;
  // It is about all of them.
  const chosen = await chosenOf(COMMANDS, name === 'completion' ? undefined : name);
  for (const add of chosen) await add(program, rest);
  return program;
};

const versionOf = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json names no version');
};
