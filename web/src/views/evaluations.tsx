/** All evaluations of the run, the newest first. */
import { evaluateCommand } from '../../../src/dashboard/page/commands.ts';
import { formatPercent, formatWhole } from '../../../src/dashboard/page/format.ts';
import type { EvaluationList } from '../../../src/dashboard/wire.ts';
import { useResource } from '../client.ts';
import { Empty, Failure, Loading } from '../message.tsx';
import { useRunList } from '../runs.ts';
import type { ViewProps } from '../views.ts';

export function EvaluationsView({ run }: ViewProps) {
  const { value, error } = useResource<EvaluationList>(`${run.id}/evaluations.json`, 'json');
  const { list } = useRunList();
  if (error !== undefined) return <Failure error={error} />;
  if (value === undefined) return <Loading />;
  const evaluations = value.evaluations.toReversed();
  if (evaluations.length === 0) {
    return (
      <Empty title="No evaluations yet">
        <pre>{evaluateCommand(list ?? { program: 'cifar10', folder: '.' }, run.path, false)}</pre>
      </Empty>
    );
  }
  const best = Math.max(...evaluations.map(({ precision }) => precision));
  return (
    <section class="panel" aria-label="Evaluations">
      <table class="list">
        <thead>
          <tr>
            <th scope="col" class="number">
              Step
            </th>
            <th scope="col" class="number">
              Precision @ 1
            </th>
            <th scope="col" class="number">
              Images
            </th>
            <th scope="col">Data</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {evaluations.map(({ step, precision, images, data, weights, tta, time }, index) => (
            <tr key={evaluations.length - index}>
              <td class="number">{formatWhole(step)}</td>
              <td class="number">
                {precision === best ? <b>{formatPercent(precision, 2)}</b> : formatPercent(precision, 2)}
              </td>
              <td class="number">{formatWhole(images)}</td>
              <td>
                {[
                  data,
                  ...(weights === 'ema' ? [] : [`${weights} weights`]),
                  ...(tta === null ? [] : [tta]),
                ].join(', ')}
              </td>
              <td>{new Date(time * 1000).toLocaleString('en-GB')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
