/** `inspect` of safetensors files, our checkpoints and others. */
import { type Checkpoint, readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { numbersIn } from '../../checkpoint/element-types.ts';
import { isCheckpointMetadata } from '../../checkpoint/metadata.ts';
import { SafetensorsReader } from '../../checkpoint/safetensors-reader.ts';
import { statisticsOf, type TensorStatistics } from '../../inspect/tensor-statistics.ts';
import { averageName } from '../../optimizer/moving-average.ts';
import { oneLine } from '../../wording.ts';
import type { Console } from '../console.ts';
import { settings, table } from '../table.ts';

/** Larger tensors are listed without statistics. */
const mostElements = 2 ** 24;

/** @throws RunError naming the file and the fault */
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
  /** The format's name of the element type. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

function show(path: string, metadata: object, tensors: readonly TensorRow[], console: Console): void {
  // Omit moving averages: they have the shapes of their variables, and long names.
  const shown = tensors.filter(({ name }) => !name.endsWith(averageName('')));
  const hidden = tensors.length - shown.length;
  const short = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? '' : value.toPrecision(3);
  const rows = shown.map(({ name, dtype, shape, mean, deviation, least, greatest, notFinite = 0 }) => [
    name,
    dtype,
    shape.slice(0, 100).join('×') || 'scalar',
    ...[mean, deviation, least, greatest].map(short),
    notFinite === 0 ? '' : `${notFinite} not finite`,
  ]);
  const configured = settings(fieldsOf(metadata));
  console.result(
    [
      oneLine(path),
      ...(configured === '' ? [] : [configured]),
      '',
      table([['tensor', 'dtype', 'shape', 'mean', 'deviation', 'least', 'greatest', ''], ...rows]),
      ...(hidden === 0 ? [] : [`and moving averages of ${hidden} of them`]),
    ].join('\n'),
    { kind: 'contents', path, metadata, tensors },
  );
}

/** Names and values of nested fields: `dataset.name`, `synthetic`. */
function fieldsOf(value: object, prefix = ''): readonly (readonly [name: string, value: string])[] {
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const path = prefix + name;
    if (Array.isArray(field))
      return [[path, field.length === 0 ? 'none' : field.map(textOf).join(', ')] as const];
    if (typeof field === 'object' && field !== null) return fieldsOf(field, `${path}.`);
    return [[path, field === null ? 'unknown' : String(field)] as const];
  });
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
