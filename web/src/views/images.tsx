/** The images that the run recorded: one for each tag, at a chosen step. */
import { useState } from 'preact/hooks';
import { formatWhole } from '../../../src/dashboard/page/format.ts';
import { pictureAddress } from '../../../src/dashboard/page/picture-address.ts';
import type { ImageList } from '../../../src/dashboard/wire.ts';
import { useResource } from '../client.ts';
import { Empty, Failure, Loading } from '../message.tsx';
import type { ViewProps } from '../views.ts';
import { StepSlider } from './step-slider.tsx';

export function ImagesView({ run }: ViewProps) {
  const { value, error } = useResource<ImageList>(`${run.id}/images.json`, 'json');
  const [chosen, setChosen] = useState<number>();
  if (error !== undefined) return <Failure error={error} />;
  if (value === undefined) return <Loading />;
  const steps = [...new Set(value.images.map(({ step }) => step))].sort((a, b) => a - b);
  const last = steps.length - 1;
  const index = Math.min(chosen ?? last, last);
  const limit = steps[index] ?? 0;
  const tags = [...new Set(value.images.map(({ tag }) => tag))];
  // Tags are recorded at different steps: each shows its newest image up to the chosen step.
  const shown = tags.flatMap((tag) => {
    const at = value.images.findLastIndex((image) => image.tag === tag && image.step <= limit);
    const image = value.images[at];
    return image === undefined ? [] : [{ ...image, at }];
  });
  if (steps.length === 0)
    return <Empty title="No images yet">Images appear when the run writes its next summary.</Empty>;
  return (
    <section aria-label="Images" class="panel">
      <div class="toolbar">
        <StepSlider {...{ steps, index }} onChange={(next) => setChosen(next === last ? undefined : next)} />
      </div>
      <ul class="pictures">
        {shown.map(({ tag, step, width, height, at }) => (
          <li key={tag} class={width > 200 ? 'wide' : undefined}>
            <figure>
              <img
                src={pictureAddress(`${run.id}/images/${at}.png`, [step, tag])}
                alt={`${tag} at step ${step}`}
                width={width}
                height={height}
                loading="lazy"
                class={width <= 128 ? 'small' : undefined}
              />
              <figcaption>
                {tag}
                <span class="muted">step {formatWhole(step)}</span>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </section>
  );
}
