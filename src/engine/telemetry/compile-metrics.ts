/** Of compilations, of who compiles for others, and of the artifacts that go between hosts. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { SECONDS_BUCKETS } from './buckets.ts';
import type { Metrics } from './metrics.ts';

export const createCompileMetrics = (
  registers: Registry[],
): Pick<Metrics, 'onCompiled' | 'onKnown' | 'onTransferred' | 'onCompilerCanary' | 'setCompilerQuarantined'> => {
  const compiles = new Counter({
    name: 'kiln_compiles_total',
    help: 'Compilations by host and result',
    labelNames: ['host', 'result'],
    registers,
  });
  const transfers = new Counter({
    name: 'kiln_artifact_transfers_total',
    help: 'Artifacts fetched from hosts that compile for others, and put into those that judge',
    labelNames: ['host', 'step'],
    registers,
  });
  const compileSeconds = new Histogram({
    name: 'kiln_compile_seconds',
    help: 'Time of compilations that were not cached',
    labelNames: ['host'],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const compilerCanaries = new Counter({
    name: 'kiln_compiler_canaries_total',
    help: 'Checks of a compile host by known-good candidates that it compiled, by what they came to',
    labelNames: ['host', 'result'],
    registers,
  });
  const compilerQuarantined = new Gauge({
    name: 'kiln_compiler_quarantined',
    help: '1 while the host compiles nothing for others since a known-good candidate that it compiled failed',
    labelNames: ['host'],
    registers,
  });
  return {
    onCompiled: (host, result) => {
      const kind = result.status === 'compiled' && result.cached ? 'cached' : result.status;
      compiles.inc({ host, result: kind });
      if (result.status === 'compiled' && !result.cached) compileSeconds.observe({ host }, result.durationMs / 1000);
    },
    onCompilerCanary: (host, result) => compilerCanaries.inc({ host, result }),
    setCompilerQuarantined: (host, isQuarantined) => compilerQuarantined.set({ host }, isQuarantined ? 1 : 0),
    onKnown: (host) => compiles.inc({ host, result: 'known' }),
    onTransferred: (host, step) => transfers.inc({ host, step }),
  };
};
