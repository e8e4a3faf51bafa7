import type { Command } from 'commander';

export const addDemo = (program: Command): void => {
  program
    .command('demo')
    .description('tune two problems on the devices of this machine, with a daemon of its own')
    .option('--open', 'instead: fill a dashboard with work on this CPU and on simulated GPUs, and show it until Ctrl-C')
    .action(async ({ open = false }: { readonly open?: boolean }) => {
      const stop = new AbortController();
      const onSignal = (): void => {
        stop.abort();
      };
      process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
      if (open) {
        const { openDemo } = await import('../demo/open-demo.ts');
        await openDemo(stop.signal);
        return;
      }
      const { runDemo } = await import('../demo/run-demo.ts');
      await runDemo(stop.signal);
    });
};
