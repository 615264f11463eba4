/** Inspects safetensors files: checkpoints of this program and files of other programs. */
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import { numbersIn } from '../checkpoint/element-types.ts';
import { isCheckpointMetadata } from '../checkpoint/metadata.ts';
import { SafetensorsReader } from '../checkpoint/safetensors-reader.ts';
import { averageName } from '../optimizer/moving-average.ts';
import type { Findings, InspectFinding, TensorRow } from './findings.ts';
import { statisticsOf } from './tensor-statistics.ts';

/** Larger tensors are listed without statistics. */
const mostBytes = 2 ** 24;

/** @throws RunError with the file and what is wrong with it */
export async function* inspectSafetensors(path: string): Findings {
  const reader = await SafetensorsReader.open(path);
  try {
    const { metadata } = reader.header;
    if (isCheckpointMetadata(metadata)) yield checkpointContents(path, await readCheckpoint(path));
    else yield contents(path, metadata, await rowsOf(reader));
  } finally {
    await reader.close();
  }
}

/** Describes the contents of a checkpoint that was read from the path. */
export function checkpointContents(path: string, { metadata, tensors }: Checkpoint): InspectFinding {
  const rows = [...tensors].map(([name, { shape, data }]) => ({
    ...{ name, dtype: 'F32', shape },
    ...statisticsOf(data),
  }));
  return contents(path, metadata, rows);
}

async function rowsOf(reader: SafetensorsReader): Promise<readonly TensorRow[]> {
  const rows: TensorRow[] = [];
  for (const entry of reader.header.entries) {
    const { name, type, shape, begin, end } = entry;
    const isSmall = end - begin <= mostBytes;
    const values = isSmall ? numbersIn(type, await reader.bytesOf(entry)) : undefined;
    rows.push({ name, dtype: type, shape, ...(values !== undefined && statisticsOf(values)) });
  }
  return rows;
}

function contents(path: string, metadata: object, tensors: readonly TensorRow[]): InspectFinding {
  const averages = tensors.map(({ name }) => name).filter((name) => name.endsWith(averageName('')));
  return { kind: 'contents', path, metadata, tensors, averages: new Set(averages) };
}
