#!/usr/bin/env node
/** `kiln`: parses the command line, runs one command, turns its failure into one line and an exit status. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { addAudit } from './commands/audit.ts';
import { addCampaign } from './commands/campaign.ts';
import { addCompletion } from './commands/completion.ts';
import { addDemo } from './commands/demo.ts';
import { addDeploy } from './commands/deploy.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFleet } from './commands/fleet.ts';
import { addGc } from './commands/gc.ts';
import { addGenerators } from './commands/generators.ts';
import { addHost } from './commands/host.ts';
import { addImport } from './commands/import.ts';
import { addList } from './commands/list.ts';
import { addMcp } from './commands/mcp.ts';
import { addProblem, addProblems } from './commands/problems.ts';
import { addProfile } from './commands/profile.ts';
import { addQueue } from './commands/queue.ts';
import { addRank } from './commands/rank.ts';
import { addShare } from './commands/share.ts';
import { addShow } from './commands/show.ts';
import { addCancel, addPause, addRejudge, addReprioritise, addResume } from './commands/steering.ts';
import { addSubmit } from './commands/submit.ts';
import { addSubmitter } from './commands/submitter.ts';
import { addSweep } from './commands/sweep.ts';
import { addToken } from './commands/token.ts';
import { addTop } from './commands/top.ts';
import { addUp } from './commands/up.ts';
import { addWatch } from './commands/watch.ts';
import { addWhy } from './commands/why.ts';
import { note, PROJECT_ROOT } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { plainText } from '../platform/printable-text.ts';
import { WaitTimedOut } from './within.ts';

const COMMANDS = [
  addSubmit,
  addShow,
  addWhy,
  addProfile,
  addQueue,
  addFleet,
  addHost,
  addDeploy,
  addRank,
  addShare,
  addToken,
  addSubmitter,
  addAudit,
  addSweep,
  addCampaign,
  addGenerators,
  addMcp,
  addCancel,
  addPause,
  addResume,
  addReprioritise,
  addRejudge,
  addList,
  addWatch,
  addProblems,
  addProblem,
  addImport,
  addGc,
  addTop,
  addUp,
  addDemo,
  addDoctor,
  addCompletion,
];

const createProgram = (): Command => {
  const program = new Command('kiln')
    .description('Judges GPU kernels at scale: submit candidates, watch the queue, read the ranking.')
    .version(versionOf(), '--version')
    .option('--json', 'print the answer of the API as JSON (with --watch: one JSON document a line)')
    .option('--url <url>', 'daemon to speak to (default: KILN_URL, or the one that this project configures)')
    .option('--token <token>', 'its bearer token (default: KILN_TOKEN)')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  for (const add of COMMANDS) add(program);
  return program;
};

const versionOf = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8'))).version;

/** The reader of a pipe may leave early (`kiln list | head`): that is no failure. */
const onOutputError = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
};

const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof WaitTimedOut) {
    note(plainText(error.message));
    return EXIT.timedOut;
  }
  if (error instanceof KilnError) note(`error: ${plainText(error.message)}`);
  else note(`error: ${plainText(error instanceof Error ? (error.stack ?? error.message) : String(error))}`);
  return EXIT.failed;
};

process.stdout.on('error', onOutputError);
process.stderr.on('error', onOutputError);
try {
  await createProgram().parseAsync();
} catch (error) {
  // At once: what the command still waits for is of no use any more.
  process.exit(exitCodeOf(error));
}
