/** Ctrl-C and its kin belong to the commands on hosts: passed on, and the third one gives up. */
import type { SignalName } from '../../domain/hosts/work.ts';

const PASSED: Readonly<Record<string, SignalName>> = { SIGINT: 'INT', SIGTERM: 'TERM', SIGHUP: 'HUP', SIGQUIT: 'QUIT' };
/** A command that takes no notice of the first is told to end, then killed with the connection. */
const LADDER: readonly SignalName[] = ['INT', 'TERM'];

interface TerminalSignals {
  readonly pass: (name: SignalName) => void;
  readonly giveUp: () => void;
}

/** Returns what ends it. */
export const onTerminalSignals = ({ pass, giveUp }: TerminalSignals): (() => void) => {
  let interrupts = 0;
  const handlers = Object.entries(PASSED).map(([name, signal]) => {
    const handler = (): void => {
      if (name === 'SIGINT') {
        const next = LADDER[interrupts];
        interrupts += 1;
        if (next) pass(next);
        else giveUp();
      } else {
        pass(signal);
      }
    };
    process.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers) process.removeListener(name, handler);
  };
};
