import { Document, isScalar, Scalar, visit } from 'yaml';
import { WHOLE_FLOAT } from '../domain/program-call.ts';

const WIDTH_MAX = 2000;
/** Longer lists stand on one line: the header of a candidate has so many lines at most. */
const ITEMS_MAX = 16;

/** Every value written out: what reads it takes no aliases. */
export const yamlText = (value: object): string => {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Map: (_key, node) => {
      const float = node.items.length === 1 ? node.get(WHOLE_FLOAT) : undefined;
      if (typeof float !== 'number') return undefined;
      const written = new Scalar(float);
      written.minFractionDigits = 1;
      return written;
    },
    Seq: (_key, node) => {
      node.flow = node.items.length > ITEMS_MAX && node.items.every((item) => isScalar(item));
    },
  });
  return document.toString({ lineWidth: WIDTH_MAX });
};
