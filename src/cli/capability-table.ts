/** The table that `doctor` prints: how well each engine works in each precision, and with which kernels. */
import type { Capability } from '../doctor/capabilities.ts';
import { rounded } from '../doctor/trial.ts';
import { settings, table, widestName } from './table.ts';

const heads = ['engine', 'precision', 'verdict', 'images/s', 'of float32'];

/** Formats the table. Below each row are its kernels with the operators that they compute. */
export function capabilityTable(rows: readonly Capability[], columns: number): string {
  const [head, ...lines] = table([heads, ...rows.map(cellsOf)], columns).split('\n');
  const kernels = rows.map((row) => row.kernels.map(({ kernel, ops }) => [kernel, ops.join(', ')] as const));
  const width = Math.max(0, ...kernels.map(widestName));
  const below = kernels.map((pairs) => (pairs.length === 0 ? [] : [settings(pairs, columns, width)]));
  return [head, ...lines.flatMap((line, index) => [line, ...(below[index] ?? [])])].join('\n');
}

function cellsOf({
  engine,
  precision,
  verdict,
  imagesPerSecond,
  relativeSpeed,
}: Capability): readonly string[] {
  return [
    engine,
    precision,
    verdict,
    imagesPerSecond === null ? '' : rounded(imagesPerSecond),
    relativeSpeed === null ? '' : `${relativeSpeed.toPrecision(2)} ×`,
  ];
}
