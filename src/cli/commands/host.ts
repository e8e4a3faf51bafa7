/** `kiln host …`: work on hosts of the fleet. */
import type { Command } from 'commander';
import { addHostBookings } from './host/book.ts';
import { addHostExec } from './host/exec.ts';
import { addHostHolds } from './host/hold.ts';
import { addHostStates } from './host/states.ts';
import { addHostCopy, addHostPull, addHostPush } from './host/files.ts';
import { addHostJobs, addHostLogs, addHostRun, addHostStop, addHostWait } from './host/jobs.ts';

const COMMANDS = [
  addHostExec,
  addHostPush,
  addHostPull,
  addHostCopy,
  addHostRun,
  addHostJobs,
  addHostLogs,
  addHostWait,
  addHostStop,
  addHostHolds,
  addHostBookings,
  addHostStates,
];

export const addHost = (program: Command): void => {
  const host = program.command('host').description('work on hosts: run commands, move files, follow jobs');
  for (const add of COMMANDS) add(program, host);
};
