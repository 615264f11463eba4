/** The curves of a run in the page. */

export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

export interface RunCurves {
  /** The loss of every step, or the means of consecutive steps. */
  readonly loss: readonly CurvePoint[];
  /** The precision on held-out pictures. */
  readonly precision: readonly CurvePoint[];
}

export const noCurves: RunCurves = { loss: [], precision: [] };
const mostPoints = 1000;

/** Adds a point. A long curve is reduced to the means of pairs of points. */
export function withPoint(curve: readonly CurvePoint[], point: CurvePoint): readonly CurvePoint[] {
  const longer = [...curve, point];
  if (longer.length <= mostPoints) return longer;
  return longer.flatMap(({ step, value }, index) => {
    const next = longer[index + 1];
    if (index % 2 === 1) return [];
    return [next === undefined ? { step, value } : { step: next.step, value: (value + next.value) / 2 }];
  });
}
