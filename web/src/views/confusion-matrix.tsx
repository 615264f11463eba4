/** A confusion matrix as a table: a row for each true class, a column for each predicted class. */
import { formatPercent, formatWhole } from '../../../src/dashboard/page/format.ts';

export interface Cell {
  readonly label: number;
  readonly predicted: number;
}

interface MatrixProps {
  readonly classes: readonly string[];
  /** Numbers of images by [label][predicted]. */
  readonly confusion: readonly (readonly number[])[];
  readonly cell: Cell | undefined;
  readonly onChoose: (cell: Cell | undefined) => void;
}

/** The shades of `style.css`, from no image to all images of the row. */
const shades = 10;

export function ConfusionMatrix({ classes, confusion, cell, onChoose }: MatrixProps) {
  return (
    <section class="scroll" aria-label="Confusion matrix">
      <table class={classes.length > 20 ? 'confusion dense' : 'confusion'}>
        <caption class="sr-only">Rows are true classes, columns are predicted classes.</caption>
        <thead>
          <tr>
            <td class="corner">true \ predicted</td>
            {classes.map((name) => (
              <th key={name} scope="col">
                <span>{name}</span>
              </th>
            ))}
            <th scope="col">
              <span>recall</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map((name, label) => {
            const row = confusion[label] ?? [];
            const total = row.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                {row.map((count, predicted) => {
                  const isChosen = cell?.label === label && cell.predicted === predicted;
                  const share = total > 0 ? count / total : 0;
                  const words = `${formatWhole(count)} images of ${name}, predicted as ${classes[predicted]}`;
                  return (
                    <td key={classes[predicted]} class={shadeOf(share, label === predicted)}>
                      <button
                        type="button"
                        aria-pressed={isChosen}
                        aria-label={words}
                        title={`${words} (${formatPercent(share)})`}
                        onClick={() => onChoose(isChosen ? undefined : { label, predicted })}
                      >
                        {count > 0 ? formatWhole(count) : ''}
                      </button>
                    </td>
                  );
                })}
                <td class="number">{total > 0 ? formatPercent((row[label] ?? 0) / total) : '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** Returns the classes of a cell. A root shows rare mistakes too. */
function shadeOf(share: number, isRight: boolean): string {
  const shade = share === 0 ? 0 : Math.max(1, Math.round(Math.sqrt(share) * shades));
  return `${isRight ? 'right' : 'wrong'} shade-${shade}`;
}
