/** The whole curves of a chart, which are only fetched when the overview is too coarse: to zoom in, and for smoothing. */
import { useEffect, useState } from 'preact/hooks';
import { curveOfBytes } from '../../../src/dashboard/page/curve.ts';
import { type Curve, idOf } from '../../../src/dashboard/wire.ts';
import { fetchResource } from '../client.ts';
import type { ChartCurve } from './lines.ts';

/** Returns the whole curves that have arrived, by the id of the run. */
export function useWholeCurves(
  tag: string,
  curves: readonly ChartCurve[],
  isNeeded: boolean,
): ReadonlyMap<string, Curve> {
  const [whole, setWhole] = useState<ReadonlyMap<string, Curve>>(new Map());
  const ids = curves.filter(({ curve, count }) => count > curve.steps.length).map(({ id }) => id);
  const key = isNeeded ? ids.join() : '';
  useEffect(() => {
    let isCurrent = true;
    setWhole(new Map());
    for (const id of key.split(',')) {
      if (id === '') continue;
      fetchResource<ArrayBuffer>(`${id}/scalars/${idOf(tag)}.bin`, 'bytes').then(
        (bytes) => isCurrent && setWhole((known) => new Map([...known, [id, curveOfBytes(bytes)]])),
        // The overview stays.
        () => undefined,
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [key, tag]);
  return whole;
}
