/**
 * CIFAR-100: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, chapter 3. Every image has two
 * labels: one of 100 fine classes, and one of 20 coarse classes ("superclasses"), each of which consists of five fine classes.
 */
import type { DatasetDescription } from '../dataset.ts';

const fine = names(`
  apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
  camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile
  cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp
  lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree
  orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum
  rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
  squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train
  trout tulip turtle wardrobe whale willow_tree wolf woman worm
`);

const coarse = names(`
  aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
  household_furniture insects large_carnivores large_man-made_outdoor_things
  large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals
  non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
`);

function names(list: string): readonly string[] {
  return list.trim().split(/\s+/);
}

export const cifar100: DatasetDescription = {
  name: 'cifar100',
  title: 'CIFAR-100',
  folder: 'cifar-100-binary',
  record: {
    labels: [
      { name: 'coarse', bytes: 1, classes: coarse, namesFile: 'coarse_label_names.txt' },
      { name: 'fine', bytes: 1, classes: fine, namesFile: 'fine_label_names.txt' },
    ],
    image: [3, 32, 32],
  },
  labels: 'fine',
  classes: fine,
  files: [
    { name: 'train.bin', split: 'train', records: 50_000 },
    { name: 'test.bin', split: 'test', records: 10_000 },
  ],
  // Recipes for PyTorch use these values.
  statistics: { mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762] },
  archive: {
    name: 'cifar-100-binary.tar.gz',
    url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
    bytes: 168_513_733,
    md5: '03b5dce01913d631647c71ecec9e9cb8',
  },
  otherVersions: [
    {
      title: 'the Python version of CIFAR-100',
      folder: 'cifar-100-python',
      archive: 'cifar-100-python.tar.gz',
      bytes: 169_001_437,
      files: ['meta', 'train', 'test'],
    },
    {
      title: 'the Matlab version of CIFAR-100',
      folder: 'cifar-100-matlab',
      archive: 'cifar-100-matlab.tar.gz',
      files: ['train.mat', 'test.mat'],
    },
  ],
};
