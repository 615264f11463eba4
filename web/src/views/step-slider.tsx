/** Chooses one of the steps at which something was recorded. */
import { formatWhole } from '../../../src/dashboard/page/format.ts';

interface StepSliderProps {
  /** In ascending order. */
  readonly steps: readonly number[];
  readonly index: number;
  readonly onChange: (index: number) => void;
}

export function StepSlider({ steps, index, onChange }: StepSliderProps) {
  const words = `step ${formatWhole(steps[index] ?? null)}`;
  return (
    <label class="step-slider">
      <span>Step</span>
      <input
        type="range"
        min="0"
        max={Math.max(0, steps.length - 1)}
        value={index}
        disabled={steps.length < 2}
        aria-valuetext={words}
        onInput={({ currentTarget }) => onChange(Number(currentTarget.value))}
      />
      <output>{formatWhole(steps[index] ?? null)}</output>
    </label>
  );
}
