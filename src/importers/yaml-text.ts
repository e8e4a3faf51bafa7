import { stringify } from 'yaml';

const WIDTH_MAX = 2000;

/** Every value written out: what reads it takes no aliases. */
export const yamlText = (value: object): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: WIDTH_MAX });
