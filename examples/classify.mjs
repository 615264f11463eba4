/**
 * Classifies pictures with a trained network:
 *
 *     node classify.mjs MODEL PICTURE…
 *
 * MODEL is a folder that `cifar10 train` wrote, a checkpoint file, or a file that `cifar10 export` wrote.
 */
import { openModel, PictureError } from 'cifar10-ts';

const [path, ...pictures] = process.argv.slice(2);
if (path === undefined || pictures.length === 0) {
  console.error('usage: node classify.mjs MODEL PICTURE…');
  process.exit(2);
}

// Opening a model takes a while. Open it once, and then classify as many pictures as you like.
const model = await openModel(path);

for (const picture of pictures) {
  try {
    // A picture is the path of a file, the bytes of a file, or decoded pixels. The most probable class comes first.
    const predictions = await model.classify(picture, { topK: 3 });
    const classes = predictions.map(
      ({ label, probability }) => `${label} ${(100 * probability).toFixed(1)}%`,
    );
    console.log(`${picture}: ${classes.join(', ')}`);
  } catch (error) {
    // Report a bad picture, and classify the others.
    if (!(error instanceof PictureError)) throw error;
    console.error(`${picture}: ${error.message}`);
    process.exitCode = 1;
  }
}

await model.release();
