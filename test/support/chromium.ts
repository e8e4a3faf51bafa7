/** A real browser: Debian's, over the protocol that it speaks anyway. Suites that need one are skipped, with a word, where there is none. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Null where none is installed. */
export const CHROMIUM: string | null = PLACES.find((place) => existsSync(place)) ?? null;

/** Without its own sandbox, which root does not get: what it opens is ours. */
export const openBrowser = async (): Promise<Browser> => {
  if (CHROMIUM === null) throw new Error('no Chromium is installed');
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
};
