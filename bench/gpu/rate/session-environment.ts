/** What daemons and sessions of the benchmarks are given of this one's environment. sshd gives its sessions a plain one; the driver's libraries, and simulated devices, may be found only by this machine's. */
import { env } from 'node:process';

const KEPT = [
  'PATH',
  'LD_LIBRARY_PATH',
  'CUDA_HOME',
  'KILN_SIMULATED_DEVICES',
  'KILN_SIMULATED_JUDGE_MS',
  'KILN_SIMULATED_RECORDER',
];

/** For the sessions of an sshd. */
export const sessionEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = env[name];
      return value ? [[name, value]] : [];
    }),
  );

/** For a daemon, which gets no other KILN_ variable of ours. */
export const simulatedDevices = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (name.startsWith('KILN_SIMULATED_') && value ? [[name, value]] : [])),
  );
