/** A small chart of one curve. */
import { counted } from '../../../src/wording.ts';
import type { CurvePoint } from './curves.ts';

const [width, height, left, bottom, top] = [420, 150, 36, 18, 8];

interface ChartProps {
  readonly title: string;
  readonly curve: readonly CurvePoint[];
  /** The greatest value of the axis, or undefined for that of the curve. */
  readonly most?: number;
  readonly format: (value: number) => string;
}

export function CurveChart({ title, curve, most, format }: ChartProps) {
  const last = curve.at(-1);
  const lastStep = Math.max(1, last?.step ?? 1);
  const greatest = most ?? Math.max(1e-9, ...curve.map(({ value }) => value));
  const x = (step: number) => left + (step / lastStep) * (width - left - 4);
  const y = (value: number) => height - bottom - (value / greatest) * (height - bottom - top);
  const points = curve.map(({ step, value }) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const summary =
    last === undefined ? `${title}: no values yet` : `${title}: ${format(last.value)} at step ${last.step}`;
  return (
    <figure>
      <figcaption>
        {title}
        {last !== undefined && (
          <>
            {': '}
            <b>{format(last.value)}</b>
          </>
        )}
      </figcaption>
      <svg class="curve" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
        <line x1={left} y1={y(0)} x2={width} y2={y(0)} />
        <line x1={left} y1={y(greatest)} x2={width} y2={y(greatest)} />
        <text x={0} y={y(0)}>
          {format(0)}
        </text>
        <text x={0} y={y(greatest) + 8}>
          {format(greatest)}
        </text>
        <text x={left} y={height - 3}>
          0
        </text>
        <text x={width - 4} y={height - 3} text-anchor="end">
          {last === undefined ? 'no values yet' : counted(lastStep, 'step')}
        </text>
        <polyline points={points} />
      </svg>
    </figure>
  );
}
