/** What a network makes of a picture: the classes, the part that it saw, the pixels that matter, and what each layer computed. */
import type { Insight, LayerActivation } from '../../../src/page/page-model.ts';
import { rgbaOfPicture, rgbaOfSaliency, rgbaOfValues } from './paint.ts';
import { PixelCanvas } from './pixel-canvas.tsx';

const mostPredictions = 5;
const mostMaps = 64;

interface ExplanationProps {
  readonly insight: Insight;
  readonly classes: readonly string[];
  readonly onExplain: (index: number) => void;
}

export function Explanation({ insight, classes, onExplain }: ExplanationProps) {
  const { predictions, explained } = insight;
  return (
    <div class="explanation">
      <section class="panel" aria-label="Classes">
        <h2>Classes</h2>
        <ol class="predictions">
          {predictions.slice(0, mostPredictions).map(({ label, index, probability }) => (
            <li key={index}>
              <button
                type="button"
                aria-pressed={index === explained}
                title={`Show which pixels speak for or against ${label}`}
                onClick={() => onExplain(index)}
              >
                {label}
              </button>
              <meter value={probability} min={0} max={1} aria-label={`Probability of ${label}`} />
              <output>{(100 * probability).toFixed(1)}%</output>
            </li>
          ))}
        </ol>
        <p class="hint">
          The network adds up evidence for each class (its logits). The softmax turns these into
          probabilities. Choose a class to see which pixels its score depends on.
        </p>
      </section>
      <Seen insight={insight} name={classes[explained] ?? ''} />
      <section class="panel" aria-label="Layers">
        <h2>What each layer saw</h2>
        {insight.layers.map((layer) => (
          <Layer key={layer.name} layer={layer} />
        ))}
      </section>
    </div>
  );
}

function Seen({ insight, name }: { readonly insight: Insight; readonly name: string }) {
  const { picture, size, crop, saliency } = insight;
  const { left, top, width, height } = crop;
  return (
    <section class="panel" aria-label="What the network saw">
      <h2>What the network saw</h2>
      <div class="seen">
        <figure>
          <div class="layers">
            <PixelCanvas
              {...{ pixels: rgbaOfPicture(picture), width: size, height: size }}
              label={`The picture at ${size} × ${size} pixels`}
            />
            <svg viewBox={`0 0 ${size} ${size}`} aria-hidden="true">
              <rect x={left} y={top} {...{ width, height }} />
            </svg>
          </div>
          <figcaption>
            {width === size ? 'All of it' : `The ${width} × ${height} pixels in the frame`}
          </figcaption>
        </figure>
        <figure>
          <div class="layers">
            <PixelCanvas
              {...{ pixels: rgbaOfPicture(picture), width: size, height: size }}
              class="faint"
              label="The picture"
            />
            <PixelCanvas
              {...{ pixels: rgbaOfSaliency(saliency), width: size, height: size }}
              label={`The pixels on which the score of ${name} depends most`}
            />
          </div>
          <figcaption>
            Orange: pixels on which the score of <b>{name}</b> depends most
          </figcaption>
        </figure>
      </div>
    </section>
  );
}

function Layer({ layer: { name, activation } }: { readonly layer: LayerActivation }) {
  const { shape, data } = activation;
  const [channels = 0, height = 1, width = 1] = shape;
  const isMap = shape.length === 3;
  const plane = height * width;
  const active = data.filter((value) => value > 0).length / data.length;
  return (
    <figure class="layer">
      <figcaption>
        <b>{name}</b> {isMap ? `${channels} maps of ${width} × ${height}` : `${channels} values`}
        {`, ${Math.round(100 * active)}% above zero`}
      </figcaption>
      {isMap ? (
        <div class="maps">
          {Array.from({ length: Math.min(channels, mostMaps) }, (_, channel) => (
            <PixelCanvas
              key={channel}
              pixels={rgbaOfValues(data.subarray(channel * plane, (channel + 1) * plane))}
              {...{ width, height }}
              label={`${name}, map ${channel + 1}`}
            />
          ))}
        </div>
      ) : (
        <PixelCanvas
          pixels={rgbaOfValues(data)}
          width={channels}
          height={1}
          class="values"
          label={`${name}, ${channels} values, the larger the brighter`}
        />
      )}
    </figure>
  );
}
