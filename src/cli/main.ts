#!/usr/bin/env node
/** `kiln`. Nothing else is loaded before what is left out is known. */
import { leaveOutLocales } from './leave-out-locales.ts';

leaveOutLocales();
const { run } = await import('./run.ts');
await run(process.argv.slice(2));
