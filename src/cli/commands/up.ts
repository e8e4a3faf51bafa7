import { closeSync, openSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import type { Command } from 'commander';
import { loadKilnConfig, openSecrets } from '../../config/kiln-config.ts';
import { note, print, printJsonLine, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { logLine } from '../output/log-line.ts';

/** Hosts and store get this long to be closed, longer than a host's own limits; what is cut off is taken up again by the next start. */
const STOP_LIMIT_MS = 60_000;

/** People read it there; anything else that takes standard error gets the JSON. */
const terminalLog = { write: (text: string): void => void process.stderr.write(`${logLine(text)}\n`) };

export const addUp = (program: Command): void => {
  program
    .command('up')
    .description('run the daemon until interrupted')
    .action(async () => {
      const { json = false } = program.opts<{ readonly json?: boolean }>();
      const { startDaemon } = await import('../../daemon.ts');
      const config = loadKilnConfig({ root: PROJECT_ROOT, env: process.env });
      const warning = openSecrets({ root: PROJECT_ROOT, env: process.env });
      if (warning !== null) note(`warning: ${warning}`);
      const starting = startDaemon({
        config,
        env: process.env,
        ...(process.stderr.isTTY && !json ? { logTo: terminalLog } : {}),
      });
      let isReplaced = false;
      // Before it is up: an interrupt while it starts must not leave a runner behind.
      const grace = closeWithGrace({ delay: STOP_LIMIT_MS, logger: false, skip: ['SIGHUP'] }, async ({ err }) => {
        if (err) note(`error: ${err.stack ?? err.message}`);
        else if (!json) print('stopping');
        await (await starting).stop().catch((cause: unknown) => {
          note(`error: stopping failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
          throw cause;
        });
        if (isReplaced) process.exit(EXIT.failed);
      });
      const hadTerminal = hasTerminal();
      process.on('SIGHUP', () => {
        // A terminal that was closed says so by the same signal.
        if (hadTerminal && !hasTerminal()) grace.close();
        else void starting.then(async (daemon) => daemon.reload()).catch(() => undefined);
      });
      const { url, lost } = await starting.catch((error: unknown) => {
        grace.uninstall();
        throw error;
      });
      void endWhenReplaced(lost, (message) => {
        note(`error: ${message}`);
        isReplaced = true;
        grace.close();
      });
      if (json) printJsonLine({ url });
      else print(`Kiln is up: ${url}  (dashboard: ${url}/, API: ${url}/docs, stop with Ctrl-C)`);
    });
};

/** Whether this process can still be steered from a terminal. */
const hasTerminal = (): boolean => {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
};

const endWhenReplaced = async (lost: Promise<Error>, end: (message: string) => void): Promise<void> => end((await lost).message);
