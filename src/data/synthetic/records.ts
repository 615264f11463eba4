/** The records of the generated set, as a function of split and index. */
import { RandomStream } from '../../tensor/random.ts';
import { type Split, splits } from '../dataset.ts';
import { synthetic } from '../datasets/synthetic.ts';
import { encodeRecord, recordBytes } from '../record.ts';
import { drawExample } from './draw.ts';
import { type Shape, shapes } from './shapes.ts';

const { record } = synthetic;
/** The seed is fixed, so that every user gets the same set. */
const seed = 0;

/** Draws the records of examples `first` … `first + count - 1` of a split. Labels cycle through the classes, so that any ten
 * consecutive examples contain one of each class. */
export function drawRecords(split: Split, first: number, count: number): Uint8Array {
  const size = recordBytes(record);
  const records = new Uint8Array(count * size);
  for (let position = 0; position < count; position++) {
    const index = first + position;
    const label = index % shapes.length;
    const stream = new RandomStream(seed, 'drawing', splits.indexOf(split), index);
    const pixels = drawExample(shapes[label] as Shape, stream);
    records.set(encodeRecord(record, [label], pixels), position * size);
  }
  return records;
}
