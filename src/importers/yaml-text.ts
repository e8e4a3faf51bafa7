import { Document, isScalar, visit } from 'yaml';

const WIDTH_MAX = 2000;
/** Longer lists stand on one line: the header of a candidate has so many lines at most. */
const ITEMS_MAX = 16;

/** Every value written out: what reads it takes no aliases. */
export const yamlText = (value: object): string => {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_key, node) => {
      node.flow = node.items.length > ITEMS_MAX && node.items.every((item) => isScalar(item));
    },
  });
  return document.toString({ lineWidth: WIDTH_MAX });
};
