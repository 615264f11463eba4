/** Prints where the steps of a run or an evaluation are computed. */
import type { PlacementEvent } from '../run/placement-file.ts';
import type { PlacedNode, TowerPlacement } from '../training/placement.ts';
import { counted } from '../wording.ts';
import { padEnd, widthOf } from './width.ts';

/** Returns a table of the kernels with a heading for each layer, then the nodes that need no kernel. */
export function placementTable({ parts, file }: PlacementEvent): string {
  const several = parts.length > 1 || parts.some(({ towers }) => towers.length > 1);
  return [...parts.map((part) => partTable(part, several)), `Placement written to ${file}`].join('\n');
}

function partTable({ towers, images, nodes }: TowerPlacement, several: boolean): string {
  const heading = several ? `${towers.join(', ')}: ${counted(images, 'image')} each\n` : '';
  const placed = nodes.filter(({ kernel }) => kernel !== null);
  const layers = [...new Set(placed.map(({ layer }) => layer))];
  const rows = [
    ['node', 'operator', 'engine', 'kernel', 'device', 'fused into'],
    ...layers.flatMap((layer) => [[layer], ...placed.filter((node) => node.layer === layer).map(rowOf)]),
  ];
  return `${heading}${aligned(rows)}\n${unplaced(nodes)}`;
}

function rowOf({ name, op, engine, kernel, device, fusedInto }: PlacedNode): readonly string[] {
  return [`  ${name}`, op, engine, kernel ?? '', device ?? '', fusedInto ?? ''];
}

/** Formats a table whose columns are left-aligned. Names are not shortened, because logs are searched for them. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  // The last column needs no width, and headings of layers may be wider than the first.
  for (const cells of rows.filter(({ length }) => length > 1))
    for (const [column, text] of cells.slice(0, -1).entries())
      widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  const line = (cells: readonly string[]) =>
    cells.map((text, column) => padEnd(text, widths[column] ?? 0)).join('  ');
  return rows.map((cells) => line(cells).trimEnd()).join('\n');
}

function unplaced(nodes: readonly PlacedNode[]): string {
  const names = nodes.flatMap(({ kernel, name, op }) => (kernel === null ? [`  ${name} (${op})`] : []));
  if (names.length === 0) return 'Every node has a kernel';
  const list = names.join('\n');
  return `Without a kernel (constants, views of the same memory, and nodes merged into others): ${counted(names.length, 'node')}\n${list}`;
}
