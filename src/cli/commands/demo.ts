import type { Command } from 'commander';

export const addDemo = (program: Command): void => {
  program
    .command('demo')
    .description('tune two problems on the devices of this machine, with a daemon of its own')
    .action(async () => {
      const { runDemo } = await import('../demo/run-demo.ts');
      const stop = new AbortController();
      const onSignal = (): void => {
        stop.abort();
      };
      process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
      await runDemo(stop.signal);
    });
};
