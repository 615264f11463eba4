/** `inspect` of safetensors files: checkpoints of this program, and files of others. */
import { type Checkpoint, readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { numbersIn } from '../../checkpoint/element-types.ts';
import { isCheckpointMetadata } from '../../checkpoint/metadata.ts';
import { SafetensorsReader } from '../../checkpoint/safetensors-reader.ts';
import { statisticsOf, type TensorStatistics } from '../../inspect/tensor-statistics.ts';
import { oneLine, shortened } from '../../wording.ts';
import type { Console } from '../console.ts';
import { table } from '../table.ts';

/** Tensors of more elements are listed without statistics. */
const mostElements = 2 ** 24;

/** @throws RunError naming the file and what is wrong with it */
export async function inspectSafetensors(path: string, console: Console): Promise<void> {
  const reader = await SafetensorsReader.open(path);
  try {
    if (isCheckpointMetadata(reader.header.metadata)) {
      showCheckpoint(path, await readCheckpoint(path), console);
      return;
    }
    const { entries, metadata } = reader.header;
    const tensors: TensorRow[] = [];
    for (const entry of entries) {
      const { name, type, shape, begin, end } = entry;
      const isSmall = end - begin <= mostElements;
      const values = isSmall ? numbersIn(type, await reader.bytesOf(entry)) : undefined;
      tensors.push({ name, dtype: type, shape, ...(values !== undefined && statisticsOf(values)) });
    }
    show(path, metadata, tensors, console);
  } finally {
    await reader.close();
  }
}

export function showCheckpoint(path: string, { metadata, tensors }: Checkpoint, console: Console): void {
  const rows = [...tensors].map(([name, { shape, data }]) => ({
    ...{ name, dtype: 'F32', shape },
    ...statisticsOf(data),
  }));
  show(path, metadata, rows, console);
}

interface TensorRow extends Partial<TensorStatistics> {
  readonly name: string;
  /** As the format names it. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

function show(path: string, metadata: object, tensors: readonly TensorRow[], console: Console): void {
  const fields = Object.entries(metadata).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `  ${oneLine(shortened(name))}: ${oneLine(shortened(text, 1000))}`;
  });
  const short = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? '' : value.toPrecision(4);
  const rows = tensors.map(({ name, dtype, shape, mean, deviation, least, greatest, notFinite = 0 }) => [
    name,
    dtype,
    shape.slice(0, 100).join(' × ') || 'scalar',
    ...[mean, deviation, least, greatest].map(short),
    notFinite === 0 ? '' : `${notFinite} not finite`,
  ]);
  console.result(
    [
      oneLine(path),
      ...fields,
      '',
      table([['tensor', 'dtype', 'shape', 'mean', 'deviation', 'least', 'greatest', ''], ...rows]),
    ].join('\n'),
    { kind: 'contents', path, metadata, tensors },
  );
}
