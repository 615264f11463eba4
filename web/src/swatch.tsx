/** The color of a run. */
import { colorCount } from '../../src/dashboard/page/shown-runs.ts';

export function Swatch({ color }: { readonly color: number }) {
  const variant = Math.floor(color / colorCount) % 4;
  return <span class={`swatch series-${color % colorCount} dash-${variant}`} aria-hidden="true" />;
}
