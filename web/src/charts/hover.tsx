/** The values of all runs at the position of the pointer. */
import type { Horizontal } from '../../../src/dashboard/page/axis-range.ts';
import { nearestIndex } from '../../../src/dashboard/page/curve.ts';
import { formatDuration, formatValue, formatWhole } from '../../../src/dashboard/page/format.ts';
import { Swatch } from '../swatch.tsx';
import type { ChartLine } from './lines.ts';

export interface HoverRow {
  readonly line: ChartLine;
  readonly x: number;
  readonly value: number;
  readonly raw: number | null;
}

const mostRows = 12;

/** Returns the point of each line that is nearest to an x, from the largest value to the smallest. A line that ends far from it has
 * no row.
 * @param reach the largest distance */
export function hoverRows(lines: readonly ChartLine[], x: number, reach: number): readonly HoverRow[] {
  const rows = lines.flatMap((line): HoverRow[] => {
    const at = nearestIndex(line.shown.x, x);
    const [found, value, raw = null] = [line.shown.x[at], line.shown.y[at], line.raw.y[at]];
    if (found === undefined || value === undefined || value === null || Math.abs(found - x) > reach)
      return [];
    return [{ line, x: found, value, raw }];
  });
  return rows.toSorted((a, b) => b.value - a.value);
}

/** The rows nearest to the pointer, if there are too many. */
function nearestRows(rows: readonly HoverRow[], y: number): readonly HoverRow[] {
  if (rows.length <= mostRows) return rows;
  const distance = ({ value }: HoverRow) => Math.abs(value - y);
  const near = new Set(rows.toSorted((a, b) => distance(a) - distance(b)).slice(0, mostRows));
  return rows.filter((row) => near.has(row));
}

interface HoverProps {
  readonly rows: readonly HoverRow[];
  readonly x: number;
  readonly y: number;
  readonly isSmoothed: boolean;
  readonly horizontal: Horizontal;
  readonly place: 'above' | 'below';
}

export function Hover({ rows, x, y, isSmoothed, horizontal, place }: HoverProps) {
  const shown = nearestRows(rows, y);
  return (
    <div class={`hover ${place}`} aria-hidden="true">
      <div class="hover-x">{wordsFor(rows.length === 1 ? (rows[0]?.x ?? x) : x, horizontal)}</div>
      <table>
        {isSmoothed && (
          <thead>
            <tr>
              <th colSpan={2} />
              <th class="number">smooth</th>
              <th class="number">value</th>
            </tr>
          </thead>
        )}
        <tbody>
          {shown.map(({ line: { curve }, value, raw }) => (
            <tr key={curve.id}>
              <td>
                <Swatch color={curve.color} />
              </td>
              <td class="hover-name">{curve.label}</td>
              <td class="number">{formatValue(value)}</td>
              {isSmoothed && <td class="number muted">{formatValue(raw)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && <div class="muted">and {rows.length - shown.length} more</div>}
    </div>
  );
}

function wordsFor(x: number, horizontal: Horizontal): string {
  if (horizontal === 'step') return `Step ${formatWhole(x)}`;
  if (horizontal === 'relative') return `After ${formatDuration(x)}`;
  return new Date(x * 1000).toLocaleString('en-GB');
}
