/** Parses the command line, runs one command, turns its failure into one line and an exit status. */
import { CommanderError } from 'commander';
import { KilnError } from '../domain/errors.ts';
import { fileErrorText } from '../platform/file-error.ts';
import { plainText } from '../platform/printable-text.ts';
import { note } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { WaitTimedOut } from './within.ts';

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
  note(`error: ${plainText(failureText(error))}`);
  return EXIT.failed;
};

/** What is nobody's mistake is told with all that helps to find it. */
const failureText = (error: unknown): string => {
  if (error instanceof KilnError) return error.message;
  return fileErrorText(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
};

export const run = async (words: readonly string[]): Promise<void> => {
  process.stdout.on('error', onOutputError);
  process.stderr.on('error', onOutputError);
  try {
    await (await createProgram(words)).parseAsync();
  } catch (error) {
    // At once: what the command still waits for is of no use any more.
    process.exit(exitCodeOf(error));
  }
};
