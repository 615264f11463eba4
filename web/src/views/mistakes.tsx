/** The newest evaluation: the confusion matrix, and the most confident mistakes. A cell of the matrix chooses mistakes. */
import { useState } from 'preact/hooks';
import { evaluateCommand } from '../../../src/dashboard/page/commands.ts';
import { formatPercent, formatWhole } from '../../../src/dashboard/page/format.ts';
import { pictureAddress } from '../../../src/dashboard/page/picture-address.ts';
import type { EvaluationList, Mistake } from '../../../src/dashboard/wire.ts';
import { useResource } from '../client.ts';
import { Empty, Failure, Loading } from '../message.tsx';
import { useRunList } from '../runs.ts';
import type { ViewProps } from '../views.ts';
import { type Cell, ConfusionMatrix } from './confusion-matrix.tsx';
import { LargestConfusions } from './largest-confusions.tsx';

/** A matrix of more classes would be too large to read, and to draw. */
const mostInMatrix = 40;

export function MistakesView({ run }: ViewProps) {
  const { value, error } = useResource<EvaluationList>(`${run.id}/evaluations.json`, 'json');
  const [cell, setCell] = useState<Cell>();
  const { list } = useRunList();
  if (error !== undefined) return <Failure error={error} />;
  if (value === undefined) return <Loading />;
  const { report } = value;
  if (report === null) {
    return (
      <Empty title="No report yet">
        <p>A report has the confusion matrix and the worst mistakes. To write one:</p>
        <pre>{evaluateCommand(list ?? { program: 'cifar10', folder: '.' }, run.path, true)}</pre>
      </Empty>
    );
  }
  const { classes, confusion, mistakes, step } = report;
  const isChosen = ({ label, predicted }: Mistake) =>
    cell === undefined || (label === classes[cell.label] && predicted === classes[cell.predicted]);
  const shown = mistakes.map((mistake, index) => ({ ...mistake, index })).filter(isChosen);
  const count = cell === undefined ? 0 : (confusion[cell.label]?.[cell.predicted] ?? 0);
  return (
    <section aria-label="Confusion and mistakes" class="mistakes">
      <div class="panel">
        <h2>
          {classes.length > mostInMatrix ? 'Largest confusions' : 'Confusion matrix'} at step{' '}
          {formatWhole(step)}
        </h2>
        {classes.length > mostInMatrix ? (
          <LargestConfusions {...{ classes, confusion, cell }} onChoose={setCell} />
        ) : (
          <ConfusionMatrix {...{ classes, confusion, cell }} onChoose={setCell} />
        )}
      </div>
      <div class="panel">
        <h2>Most confident mistakes</h2>
        <p class="hint" role="status">
          {cell === undefined
            ? 'Choose a cell of the table to see only its mistakes.'
            : `${classes[cell.label]}, taken for ${classes[cell.predicted]}: ${formatWhole(count)} images, ${shown.length} of them are among the most confident mistakes. `}
          {cell !== undefined && (
            <button type="button" onClick={() => setCell(undefined)}>
              Show all
            </button>
          )}
        </p>
        <ul class="pictures">
          {shown.map((mistake) => (
            <MistakeItem key={mistake.index} {...{ mistake, step }} runId={run.id} index={mistake.index} />
          ))}
        </ul>
      </div>
    </section>
  );
}

interface ItemProps {
  readonly mistake: Mistake;
  /** The step of the report. */
  readonly step: number;
  readonly runId: string;
  readonly index: number;
}

function MistakeItem({
  mistake: { label, predicted, probability, source, hasPicture },
  step,
  runId,
  index,
}: ItemProps) {
  return (
    <li>
      <figure title={source}>
        {hasPicture ? (
          <img
            class="small"
            src={pictureAddress(`${runId}/mistakes/${index}.png`, [
              step,
              label,
              predicted,
              probability,
              source,
            ])}
            alt={`${label}: ${source}`}
            loading="lazy"
          />
        ) : (
          <span class="no-picture">no picture</span>
        )}
        <figcaption>
          <b>{label}</b>
          <span>
            taken for {predicted} ({formatPercent(probability)})
          </span>
        </figcaption>
      </figure>
    </li>
  );
}
