/** "BLOCK=256 VEC=4" */
export const paramsText = (params: Readonly<Record<string, string | number>>): string =>
  Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
