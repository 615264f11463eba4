/** The controls of all charts. */
import { useId } from 'preact/hooks';
import { formatTick } from '../../../src/dashboard/page/format.ts';
import { type ChartOptions, changeOptions, horizontals } from './options.ts';

export function ChartToolbar({ options }: { readonly options: ChartOptions }) {
  const id = useId();
  const { smoothing, isLog, horizontal, filter } = options;
  return (
    <search class="toolbar" aria-label="Options of all charts">
      <label>
        <span>Curves</span>
        <input
          type="search"
          placeholder="Filter by name"
          value={filter}
          onInput={({ currentTarget }) => changeOptions.filter(currentTarget.value)}
        />
      </label>
      <label for={`${id}-smooth`}>
        <span>Smoothing</span>
        <input
          id={`${id}-smooth`}
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={smoothing}
          onInput={({ currentTarget }) => changeOptions.smoothing(Number(currentTarget.value))}
        />
        <output for={`${id}-smooth`}>{smoothing.toFixed(2)}</output>
      </label>
      <label>
        <span>x</span>
        <select
          value={horizontal}
          onChange={({ currentTarget }) => changeOptions.horizontal(currentTarget.value)}
        >
          {horizontals.map(({ value, title }) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={isLog}
          onChange={({ currentTarget }) => changeOptions.isLog(currentTarget.checked)}
        />
        <span>Log scale</span>
      </label>
      <RangeControl options={options} />
    </search>
  );
}

/** The range of x that all charts show, if it is not everything. */
function RangeControl({ options: { range, horizontal } }: { readonly options: ChartOptions }) {
  if (range === undefined) return <span class="hint">Drag in a chart to zoom in all of them</span>;
  const words = (value: number) => {
    if (horizontal === 'wall') return new Date(value * 1000).toLocaleTimeString('en-GB');
    return horizontal === 'relative' ? `${formatTick(Math.round(value))} s` : formatTick(Math.round(value));
  };
  return (
    <span class="range">
      <span>
        {words(range.low)} – {words(range.high)}
      </span>
      <button type="button" onClick={() => changeOptions.range(undefined)}>
        Reset zoom
      </button>
    </span>
  );
}
