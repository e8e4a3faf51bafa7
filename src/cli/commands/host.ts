/** `kiln host …`: work on hosts of the fleet. */
import type { Command } from 'commander';
import { addHostExec } from './host/exec.ts';

export const addHost = (program: Command): void => {
  const host = program.command('host').description('work on hosts: run commands, move files, follow jobs');
  for (const add of [addHostExec]) add(program, host);
};
