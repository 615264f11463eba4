/** The mistakes in which the network was most confident, as pictures. */
import { pngUrl } from '../../summary/png.ts';
import { counted } from '../../wording.ts';
import { name } from '../figure.ts';
import { type Markup, markup } from '../markup.ts';
import { probability, whole } from '../numbers.ts';
import type { ReportData, ShownMistake } from '../report-data.ts';
import type { Section } from '../sections.ts';

export const mistakesSection: Section = { id: 'mistakes', title: 'Worst mistakes', contents };

function contents(data: ReportData): Markup {
  const { mistakes, classes, correct, total } = data;
  if (mistakes.length === 0) return markup`<p>All images are classified correctly.</p>`;
  const nameOf = (index: number | undefined) => classes[index ?? -1]?.name;
  const all = total - correct;
  const which =
    mistakes.length < all
      ? `These are the ${whole(mistakes.length)} of ${whole(all)} mistakes in which the network was most confident.`
      : `${counted(all, 'mistake')}, the most confident first.`;
  return markup`<p>${which} Such images are often ambiguous, unusual or labeled incorrectly. Below each image are the predicted
class (✗) and the true class (✓) with their probabilities, and where the image comes from.</p>
<ol class="mistakes">
${mistakes.map((mistake) => shown(mistake, nameOf))}</ol>`;
}

function shown(
  { example, label, predicted, probability: confidence, probabilityOfLabel, picture, source }: ShownMistake,
  nameOf: (index: number | undefined) => string | undefined,
): Markup {
  const { width, height } = picture;
  const [truth, guess] = [nameOf(label) ?? '', nameOf(predicted)];
  return markup`<li><figure><img alt="${truth}, predicted ${guess ?? 'nothing'}" width="${width}" height="${height}" src="${pngUrl(picture)}"/>
<figcaption><span class="predicted"><span>✗ <span class="hidden">predicted </span>${guess === undefined ? 'no prediction' : name(guess)}</span><span>${probability(confidence)}</span></span>
<span><span>✓ <span class="hidden">true class </span>${name(truth)}</span><span>${probability(probabilityOfLabel)}</span></span>
<span class="source" title="example ${example}"><bdi dir="ltr">${source}</bdi></span></figcaption></figure></li>\n`;
}
