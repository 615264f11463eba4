/** The most frequent confusions as a list, for matrices that are too large to show. */
import { useMemo } from 'preact/hooks';
import { largestConfusions } from '../../../src/dashboard/page/confusions.ts';
import { formatPercent, formatWhole } from '../../../src/dashboard/page/format.ts';
import type { MatrixProps } from './confusion-matrix.tsx';

const most = 100;

export function LargestConfusions({ classes, confusion, cell, onChoose }: MatrixProps) {
  const pairs = useMemo(() => largestConfusions(confusion, most), [confusion]);
  return (
    <section class="scroll" aria-label="Largest confusions">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">True class</th>
            <th scope="col">Predicted</th>
            <th scope="col" class="number">
              Images
            </th>
            <th scope="col" class="number">
              Of the class
            </th>
          </tr>
        </thead>
        <tbody>
          {pairs.map(({ label, predicted, count, share }) => {
            const isChosen = cell?.label === label && cell.predicted === predicted;
            return (
              <tr key={`${label} ${predicted}`}>
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={isChosen}
                    onClick={() => onChoose(isChosen ? undefined : { label, predicted })}
                  >
                    {classes[label]}
                  </button>
                </th>
                <td>{classes[predicted]}</td>
                <td class="number">{formatWhole(count)}</td>
                <td class="number">{formatPercent(share)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
