/** Browser modules are the TypeScript of the repository: types become spaces, so that lines and columns stay what they are. */
import { stripTypeScriptTypes } from 'node:module';

/** Node says once for each process that the function is experimental; the daemon's log is not the place for it. */
export const withoutTypes = (source: string): string => {
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    if (before !== undefined) Object.defineProperty(process, 'emitWarning', before);
  }
};
