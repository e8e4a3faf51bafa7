/** `kiln host …`: work on hosts of the fleet. */
import type { Command } from 'commander';
import { chosenOf, type Commands } from '../chosen-commands.ts';

const holds = async () => (await import('./host/hold.ts')).addHostHolds;
const bookings = async () => (await import('./host/book.ts')).addHostBookings;

const COMMANDS: Commands<(program: Command, host: Command) => void> = {
  exec: async () => (await import('./host/exec.ts')).addHostExec,
  push: async () => (await import('./host/files.ts')).addHostPush,
  pull: async () => (await import('./host/files.ts')).addHostPull,
  copy: async () => (await import('./host/files.ts')).addHostCopy,
  run: async () => (await import('./host/jobs.ts')).addHostRun,
  jobs: async () => (await import('./host/jobs.ts')).addHostJobs,
  logs: async () => (await import('./host/jobs.ts')).addHostLogs,
  wait: async () => (await import('./host/jobs.ts')).addHostWait,
  stop: async () => (await import('./host/jobs.ts')).addHostStop,
  cordon: holds,
  drain: holds,
  quarantine: holds,
  resume: holds,
  clear: holds,
  book: bookings,
  unbook: bookings,
  states: async () => (await import('./host/states.ts')).addHostStates,
};

export const addHost = async (program: Command, [name]: readonly string[]): Promise<void> => {
  const host = program.command('host').description('work on hosts: run commands, move files, follow jobs');
  for (const add of await chosenOf(COMMANDS, name)) add(program, host);
};
