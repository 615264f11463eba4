/** All commands of the program, one record each, in the order in which the help lists them. */
import type { Command } from './commands/context.ts';
import type { CommandName } from './flag.ts';

/** What the processes of an MPI job do: they work `together`, the `first` one executes the command alone, or the command is refused
 * for a reason. Commands whose processes work together take the flag `--collective`. */
export type InJob = 'together' | 'first' | { readonly refused: string };

export interface CommandRecord<C extends CommandName> {
  /** Imports the module of the command on demand, so that help and usage errors are fast. */
  readonly load: () => Promise<Command<C>>;
  /** Whether the first Ctrl-C only asks the command to stop, because the command has something to save or clean up.
   * Otherwise, Ctrl-C ends the process at once. */
  readonly isStoppable: boolean;
  /** What the processes do if an MPI launcher starts the command several times. */
  readonly inJob: InJob;
  /** The summary in the list of commands. */
  readonly summary: string;
  /** The description, as paragraphs. */
  readonly description: string;
  /** The placeholder for the positional arguments in the help, such as `thing`, or `source…` if there can be several. Undefined if
   * the command takes none. */
  readonly operand?: string;
  /** Whether the argument may be omitted. */
  readonly isOperandOptional?: boolean;
  /** Example arguments after `cifar10`, each with its purpose. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
}

export const commandTable: { readonly [C in CommandName]: CommandRecord<C> } = {
  download: {
    load: async () => (await import('./commands/download.ts')).downloadCommand,
    isStoppable: true,
    inJob: 'together',
    summary: 'download and verify CIFAR-10, or draw the generated set',
    description:
      'Puts a data set into the data folder: downloads the archive (or resumes an earlier download), verifies ' +
      'size and MD5, extracts it to a temporary folder, verifies every file and label, and only then renames the folder. An ' +
      'existing archive is extracted. An existing folder is verified and not changed. train and eval do the same ' +
      'if the data is missing.',
    examples: [
      ['download --data-dir data', "CIFAR-10 from its authors' page"],
      ['download --data-dir data --url https://mirror.example/cifar-10-binary.tar.gz', 'From a mirror'],
      [
        'download --data-dir data --tarball cifar-10-binary.tar.gz',
        'From a local copy, without network access',
      ],
      ['download --data-dir data --dataset synthetic', 'Ten generated classes'],
    ],
  },
  import: {
    load: async () => (await import('./commands/import.ts')).importCommand,
    isStoppable: true,
    inJob: 'together',
    summary: 'turn a folder of your own pictures into training data',
    description:
      'Decodes pictures (JPEG, PNG, WebP, AVIF, GIF, TIFF), resizes them, and writes their records to the data folder. ' +
      'Pictures are in a folder for each class, which may be in folders named train, val and test, or in a CSV file with the ' +
      'columns path and label. Files that cannot be read are listed and left out. If the command is repeated, it only decodes ' +
      'pictures that were added or changed. train --data and eval --data do the same, and keep the records beside the pictures.',
    examples: [
      ['import --from photos --data-dir data', 'The pictures in photos/cat, photos/dog …'],
      ['import --from photos.csv --data-dir data', 'The pictures that a list names, with their labels'],
      ['import --from photos --data-dir data --image-size 64', 'Larger images'],
    ],
  },
  train: {
    load: async () => (await import('./commands/train.ts')).trainCommand,
    isStoppable: true,
    inJob: 'together',
    summary: 'train the network, or resume a run',
    description:
      'Trains the convolutional network of the CIFAR-10 tutorial, or with --data a network that learns faster, and saves checkpoints. If the folder contains ' +
      'checkpoints, training resumes from the newest undamaged one, as if it had never stopped: data set, batch size, seed ' +
      'and recipe are those of the checkpoint, unless a flag overrides them. Ctrl-C saves a checkpoint and exits. Nothing is ' +
      'deleted except checkpoints beyond --keep and, in best, the previous best one.',
    examples: [
      ['train', 'Train on CIFAR-10 with the settings of the tutorial'],
      [
        'train --dataset synthetic --clip-norm 5 --max-steps 1000',
        'A first run without a download (the simple images need gradient clipping)',
      ],
      ['train --data photos', 'Train on your own pictures: photos/cat/1.jpg, photos/dog/1.jpg …'],
      ['train --data photos --recipe best', 'The same for more epochs, if there are many pictures'],
      ['train --recipe resnet20 --train-dir runs/resnet', 'A residual network with its own recipe'],
      ['train --train-dir runs/a --seed 1', 'Another run in another folder'],
      ['train --train-dir runs/a --max-steps 20000', 'Resume that run, to step 20,000'],
      ['train --keep 0 --checkpoint-steps 500', 'Save a checkpoint every 500 steps, and keep all of them'],
      ['train --holdout 0.1 --eval-every 1000', 'Validate on held-out images, keep the best checkpoint'],
      ['train --train-dir runs/a --restart', 'Start over; the old run is moved to runs/a.1'],
    ],
  },
  eval: {
    load: async () => (await import('./commands/eval.ts')).evalCommand,
    isStoppable: true,
    inJob: 'together',
    summary: 'measure the precision of a trained network',
    description:
      'Classifies images with the checkpoints of a training folder and prints precision @ 1: the fraction of images ' +
      'whose highest score is that of the true class. Each image counts once. With --run-once, the command scores only the ' +
      'newest undamaged checkpoint. Otherwise, it watches the folder and scores each checkpoint once, ' +
      'until Ctrl-C. Results are appended to <eval-dir>/evaluations.jsonl.',
    examples: [
      ['eval --run-once', 'The newest checkpoint on the 10,000 test images'],
      ['eval --run-once --checkpoint-dir runs/a', 'The same for another run'],
      ['eval --run-once --weights raw', 'The weights themselves instead of their moving averages'],
      ['eval --run-once --eval-data train_eval', 'Training images, to see how much is memorized'],
      [
        'eval --run-once --report',
        'Results per class, confusion matrix, report.html with pictures and curves',
      ],
      ['eval --eval-interval-secs 30', 'Every new checkpoint while training runs'],
    ],
  },
  predict: {
    load: async () => (await import('./commands/predict.ts')).predictCommand,
    isStoppable: true,
    inJob: 'first',
    summary: 'classify pictures with a trained network',
    operand: 'source…',
    description:
      'Prints the most probable classes of each picture. A source is a file, a folder with all its subfolders, a quoted ' +
      'pattern such as "photos/*.jpg", or - for the bytes of one picture on standard input. JPEG, PNG, WebP, AVIF, GIF and ' +
      'TIFF of any size are decoded, cropped and normalized as in an evaluation of the model. A picture that cannot be read ' +
      'is reported, the others are classified, and the exit code is then 1.',
    examples: [
      ['predict cat.jpg', 'One picture, with the newest checkpoint of the default folder'],
      ['predict photos --checkpoint-dir runs/a --top-k 1', 'All pictures of a folder, with another run'],
      ['predict photos --csv --quiet', 'As a table for other programs'],
      ['predict cat.jpg --checkpoint-dir model.onnx', 'With an exported file'],
      ['predict - --json', 'A picture from standard input'],
    ],
  },
  sweep: {
    load: async () => (await import('./commands/sweep.ts')).sweepCommand,
    isStoppable: true,
    inJob: { refused: 'the runs of a sweep train one after another in a single process' },
    summary: 'train with several values of flags, and compare the runs',
    description:
      'Trains once for each combination of the values of flags, each run in a folder of its own in --sweep-dir, and ' +
      'prints a table, best precision first. A value may be a list (0.05,0.1), a range of whole numbers (0..2) or a range ' +
      'with a step (0.1..0.3:0.1); flags with one value are the same for all runs. Runs are compared on training images that ' +
      'are held out, never on the test images. All combinations are checked before the first run. A run that diverges is a row ' +
      'of the table. Ctrl-C saves and stops; the same command continues, without repeating finished runs, and with more ' +
      'values it only trains what is missing.',
    examples: [
      ['sweep --learning-rate 0.05,0.1,0.2 --max-steps 2000', 'Three learning rates'],
      ['sweep --learning-rate 0.05,0.1 --seed 0..2', 'Three seeds of each: mean and spread'],
      [
        'sweep --optimizer sgd,adam --learning-rate 0.001,0.1 --sweep-dir runs/optimizers',
        'Four combinations',
      ],
      ['sweep --optimizer nesterov --momentum 0.8..0.95:0.05', 'A range with a step'],
    ],
  },
  export: {
    load: async () => (await import('./commands/export.ts')).exportCommand,
    isStoppable: true,
    inJob: 'first',
    summary: 'write a trained network as a file for other programs',
    operand: 'run',
    isOperandOptional: true,
    description:
      'Writes the network of a training folder (its newest checkpoint) or of a checkpoint file for other programs, with a model ' +
      'card beside it. onnx: one file that takes uint8 pictures and returns probabilities; cropping and normalization are part of it. ' +
      'safetensors: the weights, with --names torch for PyTorch. tensorflow: a checkpoint with the variables of the tutorial. transformers.js: a folder that its image-classification pipeline ' +
      'loads. Before anything is written, the export and the network are compared on 1,000 pictures: test pictures if the ' +
      'data set is in --data-dir, otherwise generated ones. A difference of more than 0.0001 in a probability is refused.',
    examples: [
      ['export runs/a --output a.onnx', 'The newest checkpoint of a run, as an ONNX file'],
      ['export runs/a --format safetensors --names torch', 'Its weights for PyTorch'],
      ['export runs/a --eval-dir runs/a-eval', 'With the precision that eval measured in the model card'],
      ['export runs/a --format transformers.js --output my-model', 'A folder for transformers.js'],
      ['export runs/a/best/model.ckpt-2000.safetensors', 'A checkpoint of your choice'],
    ],
  },
  inspect: {
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
    isStoppable: false,
    inJob: 'first',
    summary: 'show the network, a checkpoint, event files, data or an ONNX file',
    operand: 'thing',
    description:
      'Shows what a file or folder contains. `graph`: the layers of the network with their parameters and multiply-adds. A ' +
      'checkpoint or a training folder: the run it belongs to, and statistics of every tensor. Event files, one or ' +
      'all of a folder: every tag with its points and its last value, without TensorBoard. A data folder: ' +
      'examples of every class, all files and labels verified. An .onnx file: inputs, outputs, operators.',
    examples: [
      ['inspect graph', 'The layers, and their totals'],
      ['inspect graph --full', 'Every node of a training step, with its gradients'],
      ['inspect runs/a', 'The newest checkpoint of a run, and the contents of its event files'],
      ['inspect data/cifar-10-batches-bin', 'Verify the data'],
    ],
  },
  dashboard: {
    load: async () => (await import('./commands/dashboard.ts')).dashboardCommand,
    isStoppable: true,
    inJob: { refused: 'a single process serves the page; start it separately' },
    summary: 'serve a page with the curves and results of runs',
    description:
      'Serves a page for the runs below a folder, whether they are being trained, finished or copied from elsewhere, and for ' +
      'event files that TensorFlow or PyTorch wrote. The page shows curves, histograms, images, evaluations and settings, and ' +
      'follows runs as they train. It only reads the folder. Only this machine can open the page, unless --host is given.',
    examples: [
      ['dashboard', 'The runs below the folder runs'],
      ['dashboard --logdir /tmp/cifar10_train', 'One run'],
      ['dashboard --logdir runs --port 8080', 'On another port'],
      ['dashboard --logdir runs --host 0.0.0.0', 'For other machines, with a token in the link'],
    ],
  },
  doctor: {
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
    isStoppable: false,
    inJob: 'first',
    summary: 'check this machine, and whether training works on it',
    description:
      'Checks versions, cores and quota, memory, folders and data; then trains one small batch with every engine, ' +
      'to see whether training works and roughly how fast, shows which engine --engine auto uses, and times ' +
      'a step on every GPU that works. Takes 3 to 15 seconds, and longer with a GPU in software. Exits with 1 if something is missing.',
    examples: [
      ['doctor', 'With the default folders'],
      ['doctor --data-dir data --train-dir runs/a', 'Check the folders of a planned run'],
    ],
  },
  bench: {
    load: async () => (await import('./commands/bench.ts')).benchCommand,
    isStoppable: true,
    inJob: { refused: 'several processes at once would disturb the measurements' },
    summary: 'measure training on this machine with every engine and precision',
    description:
      'Times complete training steps, including input and moving averages, with every engine and precision that works here ' +
      '(emulated ones are marked, impossible ones listed with the reason), ' +
      'with one thread and with all threads, for batches of 32, 128 and 512, alternately and after a warm-up. Then it measures input, ' +
      'evaluation, and a run of each variant, with its time to the first step and its memory. The share of the roof compares a step with ' +
      "the time it would take at the rate of the engine's best matrix product on this machine. Takes about three " +
      'minutes. --engine, --precision and --batch-size each restrict it to one value, which is faster. --device measures ' +
      'another device than the CPU.',
    examples: [
      ['bench', 'Measure everything'],
      ['bench --engine onednn --batch-size 256 --steps 50', 'One engine, one size, more steps'],
      ['bench --profile --precision float32', 'The time of the parts of a step, for both engines'],
      ['bench --peers bench/peers/torch_step.py', 'Alternate with PyTorch (in a clone), and print ratios'],
      ['bench --recipe resnet20 --runs 3', 'Train three complete runs, and print the mean precision'],
      ['bench --out bench.json', 'Save the measurements for comparison'],
    ],
  },
};

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name);
}
