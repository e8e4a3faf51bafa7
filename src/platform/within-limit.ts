/** The result of `work`. Rejects with "no WHAT within N ms" where it is not there by then; the work itself goes on. */
export const withinLimit = async <T>(limitMs: number, work: Promise<T>, what: string): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no ${what} within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
