/** Stands for work on hosts where it is not what is tested: there is no host. */
import { KilnError } from '../../../src/domain/errors.ts';
import type { HostWork } from '../../../src/domain/ports/host-work.ts';

const refuse = async (host: string): Promise<never> => Promise.reject(new KilnError('NOT_FOUND', `there is no host "${host}"`));
const noExecution = (id: string): KilnError => new KilnError('NOT_FOUND', `there is no execution ${id}: it has ended`);
async function* refuseStream(host: string): AsyncGenerator<never> {
  yield await refuse(host);
}

export const createFakeWork = (): HostWork => ({
  exec: refuseStream,
  input: async (id) => Promise.reject(noExecution(id)),
  signal: (id) => {
    throw noExecution(id);
  },
  run: refuse,
  jobs: refuse,
  job: refuse,
  logs: refuseStream,
  stop: refuse,
  files: refuse,
});
