/**
 * Zod exports what it says in fifty languages, and whoever imports Zod loads a module for each: half of all that a command loads, of which nothing is used but English.
 * That is what comes in their place.
 */
import { registerHooks } from 'node:module';

const ALL = '../locales/index.js';
const ENGLISH = '../locales/en.js';
const FROM = 'zod/v4/';

export const leaveOutLocales = (): void => {
  registerHooks({
    resolve: (name, context, next) => next(name === ALL && context.parentURL?.includes(FROM) ? ENGLISH : name, context),
  });
};
