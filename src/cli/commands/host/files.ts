import type { Command } from 'commander';
import { createFolderMoves, type FolderMoves, type MoveOptions } from '../../../client/files/move-folders.ts';
import type { Transferred } from '../../../client/files/transfer.ts';
import { bytes as byteText } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { type Context, contextOf, note, print, printJson } from '../../context.ts';
import { collect } from '../../input/given.ts';
import { hostPlace } from '../../input/places.ts';
import { createProgress } from '../../output/progress.ts';

interface FileOptions {
  readonly delete?: boolean;
  readonly exclude?: readonly string[];
  /** `push`: true unless --no-gitignore. Otherwise where --gitignore is given. */
  readonly gitignore?: boolean;
  readonly dryRun?: boolean;
}

const LEFT_OUT_SHOWN_MAX = 10;

const withFileOptions = (command: Command): Command =>
  command
    .option('--delete', 'remove at the other end what is not here; what is ignored stays')
    .option('--exclude <pattern>', 'leave this out too, as a line of .gitignore says it (repeatable)', collect)
    .option('-n, --dry-run', 'only say what would be sent');

export const addHostPush = (program: Command, host: Command): void => {
  const command = host
    .command('push')
    .description('make a folder on a host like one here: only what differs is sent')
    .argument('<folder>')
    .argument('<NAME:PATH>');
  withFileOptions(command)
    .option('--no-gitignore', 'send also what git would ignore')
    .action(async (folder: string, to: string, options: FileOptions) => {
      const context = await contextOf(program);
      await move(context, options, async (moves, how) => moves.push(folder, hostPlace(to), how));
    });
};

export const addHostPull = (program: Command, host: Command): void => {
  const command = host
    .command('pull')
    .description('make a folder here like one on a host')
    .argument('<NAME:PATH>')
    .argument('<folder>');
  withFileOptions(command)
    .option('--gitignore', 'leave out what git would ignore')
    .action(async (from: string, folder: string, options: FileOptions) => {
      const context = await contextOf(program);
      await move(context, options, async (moves, how) => moves.pull(hostPlace(from), folder, how));
    });
};

export const addHostCopy = (program: Command, host: Command): void => {
  const command = host
    .command('copy')
    .description('make a folder on a host like one on another host')
    .argument('<NAME:PATH>')
    .argument('<NAME:PATH>');
  withFileOptions(command)
    .option('--gitignore', 'leave out what git would ignore')
    .action(async (from: string, to: string, options: FileOptions) => {
      const context = await contextOf(program);
      await move(context, options, async (moves, how) => moves.copy(hostPlace(from), hostPlace(to), how));
    });
};

type Move = (moves: FolderMoves, how: MoveOptions) => Promise<Transferred>;

const move = async ({ client, json }: Context, options: FileOptions, work: Move): Promise<void> => {
  let progress: ReturnType<typeof createProgress> | null = null;
  let [written, total] = [0, 0];
  const result = await work(createFolderMoves(client.hosts, process.env), {
    gitignore: options.gitignore ?? false,
    exclude: options.exclude ?? [],
    deletes: options.delete ?? false,
    dryRun: options.dryRun ?? false,
    onPlan: ({ bytes }) => {
      progress?.end();
      [written, total] = [0, bytes];
      progress = createProgress({ sink: process.stderr, total: bytes, lines: 'none' });
    },
    onWritten: (bytes) => {
      written += bytes;
      progress?.update(written, `${byteText(written)} of ${byteText(total)}`);
    },
    onRetry: (reason) => note(`${reason}; trying again`),
  }).finally(() => progress?.end());
  if (json) printJson(result);
  else print(transferredText(result, options.dryRun ? 'would be' : 'were'));
  for (const { path, why } of json ? [] : result.leftOut.slice(0, LEFT_OUT_SHOWN_MAX))
    note(plainLine(`left out: ${path}: ${why}`, 400));
  const more = result.leftOut.length - LEFT_OUT_SHOWN_MAX;
  if (more > 0 && !json) note(`left out: ${more} more (--json lists all)`);
};

export const transferredText = (
  { source, target, files, bytes, unchanged, links, deleted }: Transferred,
  verb: 'would be' | 'were',
): string => {
  const more = [links > 0 ? `${links} links` : '', deleted > 0 ? `${deleted} removed` : ''].filter((part) => part !== '');
  return `${[`${files} files, ${byteText(bytes)} ${verb} sent`, `${unchanged} unchanged`, ...more].join(', ')}: ${source} -> ${target}`;
};
