/** Marks the points of lines that have only a few: a line of one point would be invisible. (uPlot draws no points in its mode 2.) */
import type uPlot from 'uplot';
import type { Line } from '../../../src/dashboard/page/curve.ts';

const fewPoints = 3;
const radius = 2.5;

export function drawMarks({ ctx, valToPos }: uPlot, { x, y }: Line, color: string): void {
  if (x.length >= fewPoints) return;
  ctx.save();
  ctx.fillStyle = color;
  x.forEach((at, index) => {
    const value = y[index] ?? null;
    if (value === null) return;
    ctx.beginPath();
    ctx.arc(valToPos(at, 'x', true), valToPos(value, 'y', true), radius * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
  });
  ctx.restore();
}
