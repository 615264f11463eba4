/** The curves of one run. */
import { ChartPanel } from '../charts/panel.tsx';
import type { ViewProps } from '../views.ts';

export function CurvesOfRun({ run }: ViewProps) {
  return <ChartPanel runs={[run]} colors={new Map([[run.id, 0]])} />;
}
