/**
 * Trains on a folder of pictures, scores the network on test pictures, and exports it:
 *
 *     node train-folder.mjs photos [STEPS]
 *
 * Put the pictures of each class into a folder of its own, such as photos/cat and photos/dog. A fifth of each class becomes the
 * test pictures. Ctrl-C saves and stops, and the same command resumes. `tensorboard --logdir runs` shows the run.
 */
import { evaluate, exportModel, train } from 'cifar10-ts';

const [data = 'photos', steps] = process.argv.slice(2);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const result = await train(
  // Without a number of steps, the recipe `fast` chooses the length.
  { data, trainDir: 'runs/photos', ...(steps !== undefined && { maxSteps: Number(steps) }), holdout: 0.1 },
  {
    signal: stop.signal,
    // Called after every step. Draw a curve, update a page, or stop early.
    onStep: ({ step, loss, examplesPerSecond }) => {
      if (step % 10 === 0)
        console.log(`step ${step}: loss ${loss.toFixed(2)}, ${Math.round(examplesPerSecond)} pictures/s`);
    },
  },
);
if (result.stopped) {
  console.log(`Saved step ${result.globalStep}. Run the program again to resume.`);
  process.exit();
}

const { precision, correct, total, classes } = await evaluate({
  checkpointDir: 'runs/photos',
  evalDir: 'runs/photos-eval',
});
console.log(`${correct} of ${total} test pictures are correct (${(100 * precision).toFixed(1)}%)`);
console.log(`classes: ${classes.join(', ')}`);

// One file with everything that other programs need. It is compared with the network before it gets its name.
const output = 'runs/photos/model.onnx';
for await (const event of exportModel({ checkpointDir: 'runs/photos', output, force: true }))
  if (event.kind === 'compared')
    console.log(
      `${output}: differs from the network by at most ${event.comparison.largestDifference.toExponential(0)}`,
    );
