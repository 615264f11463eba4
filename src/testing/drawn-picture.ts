/** Pictures of the generated set as files. */
import { datasets } from '../data/datasets.ts';
import { recordBytes } from '../data/record.ts';
import { drawRecords } from '../data/synthetic/records.ts';
import { pngOf } from './picture-files.ts';

const { record } = datasets.synthetic;
const { image } = record;

interface DrawOptions {
  /** How often each pixel is repeated in both directions. */
  readonly scale?: number;
  /** The number of gray columns on both sides. */
  readonly margin?: number;
}

/** Returns a test picture as a PNG file. */
export function drawnPng(index: number, { scale = 1, margin = 0 }: DrawOptions = {}): Uint8Array {
  const [channels, height, width] = image;
  const pixels = drawRecords('test', index, 1).subarray(recordBytes(record) - channels * height * width);
  const [tall, wide] = [height * scale, width * scale + 2 * margin];
  const planes = Uint8Array.from({ length: channels * tall * wide }, (_, at) => {
    const [plane, y, x] = [Math.floor(at / (tall * wide)), Math.floor(at / wide) % tall, at % wide];
    const [row, column] = [Math.floor(y / scale), Math.floor((x - margin) / scale)];
    const isInside = column >= 0 && column < width;
    return isInside ? (pixels[(plane * height + row) * width + column] ?? 0) : 128;
  });
  return pngOf(planes, [channels, tall, wide]);
}
