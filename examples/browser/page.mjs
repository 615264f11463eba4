/**
 * Classifies pictures in the browser with an exported ONNX file. Pictures never leave the computer.
 *
 *     npx cifar10 export RUN --output model.onnx        in this folder
 *     npm install
 *     npm start                                         then open the address that it prints
 *
 * `npm run build` writes everything that the page needs to the folder `site`, which any web server can serve.
 */
import { openExportedModel } from 'cifar10-ts/browser';
import * as ort from 'onnxruntime-web/wasm';

const element = (id) => document.getElementById(id);

/** Larger pictures are drawn smaller, because the model takes small ones anyway. */
const largestSide = 1024;

/** Returns the pixels of a picture file, turned as its EXIF orientation says. */
async function pixelsOf(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, largestSide / Math.max(picture.width, picture.height));
  const canvas = element('picture');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Shows the predictions as bars, the most probable class first. */
function show(predictions) {
  const rows = predictions.map(({ label, probability }) => {
    const row = document.createElement('li');
    const [name, bar, number] = ['span', 'progress', 'output'].map((tag) => document.createElement(tag));
    name.textContent = label;
    bar.value = probability;
    number.textContent = `${(100 * probability).toFixed(1)}%`;
    row.append(name, bar, number);
    return row;
  });
  element('predictions').replaceChildren(...rows);
}

/** @param {'has-picture' | 'failed' | ''} state */
function say(message, state) {
  document.body.className = state;
  element('status').textContent = message;
}

async function classify(file) {
  try {
    // The model resizes and crops the picture, and knows the names of the classes.
    const predictions = await model.classify(await pixelsOf(file), { topK: 5 });
    show(predictions);
    say(file.name, 'has-picture');
  } catch (error) {
    say(`${file.name}: ${error.message}`, 'failed');
  }
}

async function openModel() {
  const response = await fetch('model.onnx');
  if (!response.ok) throw new Error(`model.onnx cannot be loaded (${response.status})`);
  return openExportedModel(await response.arrayBuffer(), ort);
}

const model = await openModel().catch((error) => {
  say(error.message, 'failed');
  throw error;
});
element('classes').textContent = model.classes.join(', ');
element('file').disabled = false;
say('Choose a picture, drop one here, or paste one', '');

element('file').addEventListener('change', ({ target }) => target.files[0] && classify(target.files[0]));
document.addEventListener(
  'paste',
  ({ clipboardData }) => clipboardData.files[0] && classify(clipboardData.files[0]),
);
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file !== undefined) classify(file);
});
// The frame of the card shows that a picture may be dropped.
for (const [event, isOver] of [
  ['dragover', true],
  ['dragleave', false],
  ['drop', false],
])
  document.addEventListener(event, () => element('card').classList.toggle('dragging', isOver));
