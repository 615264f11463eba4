/** The histogram of one step, and what it says in numbers. */
import type { Range } from '../../../src/dashboard/page/axis-range.ts';
import { formatTick, formatValue, formatWhole } from '../../../src/dashboard/page/format.ts';
import { numberOfValues, quantile, rowShares } from '../../../src/dashboard/page/histogram-grid.ts';
import type { HistogramAtStep } from '../../../src/dashboard/wire.ts';

const bars = 60;

interface OneProps {
  readonly histogram: HistogramAtStep;
  readonly range: Range;
}

export function OneHistogram({ histogram, range }: OneProps) {
  const shares = [...rowShares(histogram, range, bars)];
  const most = Math.max(...shares) || 1;
  const facts = [
    ['Values', formatWhole(numberOfValues(histogram))],
    ...([0.05, 0.5, 0.95] as const).map((fraction) => [
      fraction === 0.5 ? 'Median' : `${fraction * 100}% below`,
      formatValue(quantile(histogram, fraction)),
    ]),
  ];
  return (
    <div class="one-histogram">
      <svg
        viewBox={`0 0 ${bars * 5} 120`}
        role="img"
        aria-label={`Histogram at step ${formatWhole(histogram.step)}`}
        preserveAspectRatio="none"
      >
        {shares.map((share, bar) => {
          const height = (share / most) * 118;
          return <rect key={bar} x={bar * 5} y={120 - height} width="4.4" height={height} />;
        })}
      </svg>
      <div class="heat-steps" aria-hidden="true">
        <span>{formatTick(Number(range.low.toPrecision(3)))}</span>
        <span>{formatTick(Number(range.high.toPrecision(3)))}</span>
      </div>
      <dl class="facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
