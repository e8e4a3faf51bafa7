/** Work of people on hosts, beside the judging: over the same connections, and without the scheduler but where a device is borrowed. */
import type { HostWork } from '../domain/ports/host-work.ts';
import { createExecutions } from './executions.ts';
import { createFiles } from './files.ts';
import type { Hosts } from './hosts.ts';
import { createJobs } from './jobs.ts';

export const createHostWork = (hosts: Hosts): HostWork => {
  const executions = createExecutions(hosts);
  return {
    exec: executions.exec,
    input: async (id, bytes, { end }) => executions.input(id, bytes, end ? 'ends' : 'goes-on'),
    signal: executions.signal,
    ...createJobs(hosts),
    files: createFiles(hosts),
  };
};
