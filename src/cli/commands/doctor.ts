import type { Command } from 'commander';
export const addDoctor = (_program: Command): void => undefined;
