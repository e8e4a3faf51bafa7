/** A stand-in of the Messages API for each test of a file. */
import { afterEach, beforeEach } from 'vitest';
import { type FakeMessagesApi, startFakeMessagesApi } from './fake-messages-api.ts';

export interface MessagesApiRig {
  /** Of the test that runs. */
  readonly api: FakeMessagesApi;
}

export const messagesApiRig = (start: () => Promise<FakeMessagesApi> = async () => startFakeMessagesApi()): MessagesApiRig => {
  let api: FakeMessagesApi | null = null;
  beforeEach(async () => {
    api = await start();
  });
  afterEach(async () => {
    await api?.close();
  });
  return {
    get api() {
      if (!api) throw new Error('no test runs');
      return api;
    },
  };
};
