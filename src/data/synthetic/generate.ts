/** HEADER */
import { RandomStream } from '../../tensor/random.ts';
import { type DatasetFile, datasets, examplesIn, filesOf, type Split } from '../dataset.ts';
import { missingFiles } from '../files.ts';
import { encodeRecord, recordBytes } from '../record.ts';
import { writeDataset } from '../write.ts';
import { drawExample } from './draw.ts';
import { type Shape, shapes } from './shapes.ts';

const dataset = datasets.synthetic;
/** The set is one and the same for everybody: this is no setting. */
const seed = 0;
const splits: readonly Split[] = ['train', 'test'];

/** The records of examples `first` … `first + count - 1` of a split. Labels go round, so that classes are equal in
 * number in every run of ten. */
export function drawRecords(split: Split, first: number, count: number): Uint8Array {
  const records = new Uint8Array(count * recordBytes);
  for (let place = 0; place < count; place++) {
    const index = first + place;
    const label = index % shapes.length;
    const stream = new RandomStream(seed, 'drawing', splits.indexOf(split), index);
    records.set(encodeRecord(label, drawExample(shapes[label] as Shape, stream)), place * recordBytes);
  }
  return records;
}

export function generateSynthetic(): { train: Uint8Array; test: Uint8Array } {
  return {
    train: drawRecords('train', 0, examplesIn(dataset, 'train')),
    test: drawRecords('test', 0, examplesIn(dataset, 'test')),
  };
}

function drawFile({ name, split, records }: DatasetFile): Uint8Array {
  const files = filesOf(dataset, split);
  const before = files.slice(
    0,
    files.findIndex((file) => file.name === name),
  );
  const first = before.reduce((sum, file) => sum + file.records, 0);
  return drawRecords(split, first, records);
}

/**
 * Makes the set in `dataDir` where one of its files is missing.
 * @returns whether it had to be made.
 * @throws RunError when its folder is there but lacks files.
 */
export async function ensureSynthetic(dataDir: string): Promise<boolean> {
  if ((await missingFiles(dataDir, dataset)).length === 0) return false;
  await writeDataset(dataDir, dataset, drawFile);
  return true;
}
