/** A confusion matrix as a table: a row for each true class, a column for each predicted class. */
import type { TargetedFocusEvent, TargetedKeyboardEvent } from 'preact';
import { formatPercent, formatWhole } from '../../../src/dashboard/page/format.ts';

export interface Cell {
  readonly label: number;
  readonly predicted: number;
}

export interface MatrixProps {
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
            {classes.map((name, index) => (
              <th key={index} scope="col">
                <span>{name}</span>
              </th>
            ))}
            <th scope="col">
              <span>recall</span>
            </th>
          </tr>
        </thead>
        <tbody onKeyDown={moveFocus} onFocusIn={keepPlace}>
          {classes.map((name, label) => {
            const row = confusion[label] ?? [];
            const total = row.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={label}>
                <th scope="row">{name}</th>
                {row.map((count, predicted) => {
                  const isChosen = cell?.label === label && cell.predicted === predicted;
                  const share = total > 0 ? count / total : 0;
                  const words = `${formatWhole(count)} images of ${name}, predicted as ${classes[predicted]}`;
                  return (
                    <td key={predicted} class={shadeOf(share, label === predicted)}>
                      <button
                        type="button"
                        tabIndex={label === 0 && predicted === 0 ? 0 : -1}
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

/** Moves the focus by arrow keys, Home and End. Tab reaches only one cell, and leaves the table. */
function moveFocus(event: TargetedKeyboardEvent<HTMLElement>): void {
  const { target, currentTarget, key } = event;
  const place = target instanceof HTMLElement ? target.closest('td') : null;
  const row = place?.closest('tr');
  if (place === null || row === null || row === undefined) return;
  const cells = [...row.querySelectorAll('td')].filter((cell) => cell.querySelector('button') !== null);
  const rows = [...currentTarget.querySelectorAll('tr')];
  const [across, down] = [cells.indexOf(place), rows.indexOf(row)];
  const moves = new Map([
    ['ArrowLeft', [across - 1, down]],
    ['ArrowRight', [across + 1, down]],
    ['ArrowUp', [across, down - 1]],
    ['ArrowDown', [across, down + 1]],
    ['Home', [0, down]],
    ['End', [cells.length - 1, down]],
  ]);
  const [toAcross = -1, toDown = -1] = moves.get(key) ?? [];
  const button = rows[toDown]?.querySelectorAll('button')[toAcross];
  if (button === undefined) return;
  event.preventDefault();
  button.focus();
}

/** Makes the cell that has the focus the one that Tab reaches. */
function keepPlace({ target, currentTarget }: TargetedFocusEvent<HTMLElement>): void {
  for (const button of currentTarget.querySelectorAll<HTMLButtonElement>('button[tabindex="0"]'))
    button.tabIndex = -1;
  if (target instanceof HTMLButtonElement) target.tabIndex = 0;
}

/** Returns the classes of a cell. A root shows rare mistakes too. */
function shadeOf(share: number, isRight: boolean): string {
  const shade = share === 0 ? 0 : Math.max(1, Math.round(Math.sqrt(share) * shades));
  return `${isRight ? 'right' : 'wrong'} shade-${shade}`;
}
