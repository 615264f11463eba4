/** What the run in the page has learnt: curves, filters and mistakes, with the ideas that explain them. */
import type { PageScore } from '../../../src/page/page-score.ts';
import type { Float32Tensor } from '../../../src/tensor/tensor.ts';
import { rgbaOfFilters, rgbaOfPlanes } from '../try/paint.ts';
import { PixelCanvas } from '../try/pixel-canvas.tsx';
import type { TrainingBegun } from '../worker/messages.ts';
import { CurveChart } from './curve-chart.tsx';
import type { RunCurves } from './curves.ts';

interface ResultsProps {
  readonly begun: TrainingBegun;
  readonly step: number;
  readonly imagesPerSecond: number | undefined;
  readonly learningRate: number;
  readonly curves: RunCurves;
  readonly score: PageScore | undefined;
  readonly filters: Float32Tensor | undefined;
}

const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
const short = (value: number) => value.toFixed(2);

export function Results(props: ResultsProps) {
  const { begun, step, imagesPerSecond, learningRate, curves, score, filters } = props;
  const { classes, batchSize, trainingPictures, heldOutPictures, device } = begun;
  const guess = Math.log(classes.length);
  const epochs = (step * batchSize) / trainingPictures;
  return (
    <>
      <section class="panel lesson" aria-label="Loss">
        <CurveChart title="Loss" curve={curves.loss} format={short} />
        <aside>
          <h2>Loss: how wrong the network is</h2>
          <p>
            The loss is the cross-entropy: −log of the probability that the network gives to the right class.
            A network that only guesses among {classes.length} classes has log {classes.length} ={' '}
            {short(guess)}. Each step takes {batchSize} pictures, computes the gradient of their loss, and
            moves every weight a little against it. The learning rate, now {learningRate}, says how far.
          </p>
          <p>
            Step {step.toLocaleString('en-US')}: every one of the {trainingPictures.toLocaleString('en-US')}{' '}
            pictures was seen {epochs.toFixed(1)} times
            {imagesPerSecond !== undefined && `, ${Math.round(imagesPerSecond)} images per second`} ({device}
            ).
          </p>
        </aside>
      </section>
      <section class="panel lesson" aria-label="Precision">
        <CurveChart
          title="Precision on held-out pictures"
          curve={curves.precision}
          most={1}
          format={percent}
        />
        <aside>
          <h2>Precision: does it work on new pictures?</h2>
          <p>
            {heldOutPictures.toLocaleString('en-US')} pictures are never trained on. If the loss falls but
            this curve does not rise, the network learns its pictures by heart. Guessing would give{' '}
            {percent(1 / classes.length)}. The weights that are scored are moving averages over the last
            steps, which are calmer than the weights themselves.
          </p>
        </aside>
      </section>
      {filters !== undefined && <FilterSection filters={filters} />}
      {score !== undefined && <Mistakes score={score} classes={classes} />}
    </>
  );
}

function FilterSection({ filters: { shape, data } }: { readonly filters: Float32Tensor }) {
  const [count = 0, , height = 0, width = 0] = shape;
  return (
    <section class="panel lesson" aria-label="Filters">
      <div>
        <h2>The filters of the first layer</h2>
        <div class="maps">
          {rgbaOfFilters(shape, data).map((pixels, index) => (
            <PixelCanvas key={index} {...{ pixels, width, height }} label={`Filter ${index + 1}`} />
          ))}
        </div>
      </div>
      <aside>
        <p>
          Each of these {count} filters of {width} × {height} pixels slides over the picture and answers where
          the picture looks like it. They begin as noise. With training they become edges and spots of colors:
          nobody drew them, the gradient found them.
        </p>
      </aside>
    </section>
  );
}

function Mistakes({ score, classes }: { readonly score: PageScore; readonly classes: readonly string[] }) {
  const { correct, total, mistakes } = score;
  return (
    <section class="panel" aria-label="Mistakes">
      <h2>
        Mistakes: {total - correct} of {total} held-out pictures
      </h2>
      <div class="examples">
        {mistakes.map(({ example, label, predicted, probability, pixels }) => (
          <figure key={example} class="mistake">
            <PixelCanvas
              pixels={rgbaOfPlanes(pixels)}
              width={32}
              height={32}
              label={`${classes[label]}, taken for ${classes[predicted]}`}
            />
            <figcaption>
              {classes[label]}, taken for {classes[predicted]} ({percent(probability)})
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}
