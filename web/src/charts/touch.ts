/** Touch on a chart: one finger reads values, and two fingers zoom. */
import type uPlot from 'uplot';
import type { Range } from '../../../src/dashboard/page/axis-range.ts';
import { type Fingers, pinched } from '../../../src/dashboard/page/pinch.ts';

/** @param onRange called with the range that two fingers choose */
export function followTouches(plot: uPlot, onRange: (range: Range) => void): void {
  /** The positions of the fingers by the ids of their pointers, as fractions of the width. */
  const fingers = new Map<number, number>();
  let start: { readonly range: Range; readonly fingers: Fingers } | undefined;
  const both = (): Fingers | undefined => {
    const [first, second, ...others] = fingers.values();
    return first === undefined || second === undefined || others.length > 0 ? undefined : [first, second];
  };
  const touched = (event: PointerEvent) => {
    const { left, top, width } = plot.over.getBoundingClientRect();
    fingers.set(event.pointerId, (event.clientX - left) / width);
    if (fingers.size === 1) plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  };
  const begin = (event: PointerEvent) => {
    if (event.pointerType !== 'touch') return;
    touched(event);
    const { min, max } = plot.scales['x'] ?? {};
    const now = both();
    start =
      now === undefined || min === undefined || max === undefined || min === null || max === null
        ? undefined
        : { range: { low: min, high: max }, fingers: now };
  };
  const move = (event: PointerEvent) => {
    if (!fingers.has(event.pointerId)) return;
    touched(event);
    const now = both();
    const range = start && now && pinched(start.range, start.fingers, now);
    if (range !== undefined) onRange(range);
  };
  const end = ({ pointerId }: PointerEvent) => {
    fingers.delete(pointerId);
    start = undefined;
  };
  plot.over.addEventListener('pointerdown', begin);
  plot.over.addEventListener('pointermove', move);
  plot.over.addEventListener('pointerup', end);
  plot.over.addEventListener('pointercancel', end);
}
