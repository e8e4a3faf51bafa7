import type { Command } from 'commander';
export const addDemo = (_program: Command): void => undefined;
