/**
 * Test images with their true and predicted classes, as one self-contained HTML file: the first images of the set, and the
 * mistakes with the highest confidence.
 */
import { ExampleReader, type Examples } from '../data/examples.ts';
import type { Evaluation, Scored } from '../evaluation/evaluate.ts';
import { type Predicted, predictionFor, WorstMistakes } from '../evaluation/worst-mistakes.ts';
import { pngUrl } from '../summary/png.ts';
import { percentage } from '../wording.ts';
import { shownPicture } from './collector.ts';
import { type Markup, markup, verbatim } from './markup.ts';
import { whole } from './numbers.ts';

const shownFirst = 40;
const shownMistakes = 40;

const style = `
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 1rem; list-style: none; padding: 0; }
img { image-rendering: pixelated; width: 100%; aspect-ratio: 1; border-radius: 4px; }
figure { margin: 0; }
figcaption { font-size: 0.85em; overflow-wrap: anywhere; }
.wrong { color: #b3261e; }
@media (prefers-color-scheme: dark) { .wrong { color: #ff8a80; } }
`;

export class ContactSheet {
  readonly #examples: Examples;
  readonly #first: Predicted[] = [];
  readonly #mistakes = new WorstMistakes(shownMistakes);

  constructor(examples: Examples) {
    this.#examples = examples;
  }

  add(scored: Scored): void {
    if (this.#first.length < shownFirst) this.#first.push(predictionFor(scored));
    this.#mistakes.add(scored);
  }

  /** Returns the page as HTML. */
  html({ globalStep, correct, total, precision }: Evaluation): string {
    const title = capitalized(this.#examples.dataset.title);
    const accuracy = percentage(precision);
    const { mistakes } = this.#mistakes;
    return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${title}, step ${whole(globalStep)}: ${accuracy}</title>
<style>${verbatim(style)}</style>
</head>
<body>
<h1>${title}: ${accuracy} correct</h1>
<p>${whole(correct)} of ${whole(total)} images after ${whole(globalStep)} steps.
Below each image are its class, the class that the network predicts, and the predicted probability.</p>
<h2>The first ${this.#first.length} images</h2>
${this.#list(this.#first)}
${
  mistakes.length === 0
    ? undefined
    : markup`<h2>The ${mistakes.length} most confident mistakes</h2>\n${this.#list(mistakes)}`
}
</body>
</html>
`.text;
  }

  #list(shown: readonly Predicted[]): Markup {
    return markup`<ul>\n${shown.map((one) => markup`${this.#figure(one)}\n`)}</ul>`;
  }

  #figure({ example, label, predicted, probability }: Predicted): Markup {
    const { classes } = this.#examples.dataset;
    const [truth, guess] = [label, predicted ?? -1].map((index) => classes[index] ?? 'nothing');
    const share = `${(probability * 100).toFixed(0)}%`;
    const verdict =
      label === predicted
        ? markup`${truth} ✓ ${share}`
        : markup`${truth}, <span class="wrong">predicted ${guess} ${share}</span>`;
    return markup`<li><figure><img alt="${truth}" src="${this.#url(example)}"/><figcaption>${verdict}</figcaption></figure></li>`;
  }

  /** Returns the stored image of an example as a `data:` URL. */
  #url(example: number): string {
    const pixels = new ExampleReader(this.#examples).pixelsOf(example);
    return pngUrl(shownPicture(pixels, this.#examples.dataset));
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
