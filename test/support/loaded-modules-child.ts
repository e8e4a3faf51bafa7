/** Preloaded by `node --import`: when the process ends, the addresses of all modules that it loaded are in the file that KILN_TEST_MODULES names, one a line. */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env['KILN_TEST_MODULES'] ?? '', loaded.join('\n')));
